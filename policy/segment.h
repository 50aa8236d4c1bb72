// segment: one decoded segment of a path: what it must not hold, and how the most lenient server would read
// it. Servers differ in what they cut off, decode once more or normalise; a request is judged by both
// readings. Pure; any thread; linear.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Why no segment may be this: a dot segment, or an octet that would make another path of it. nullptr: it may.
const char* refuse_segment(std::string_view segment);

// "%u0041": not percent-encoding, and a letter to some servers.
bool has_percent_u(std::string_view text);
// A % that two hexadecimal digits follow: some servers decode it once more.
bool has_percent_sequence(std::string_view text);
// "..;x" counts as "..": some servers cut path parameters off before they resolve dot segments.
bool is_dot_segment(std::string_view segment);

// Percent-decoding to the end, Unicode's compatible forms, no path parameter (;x), no stream (::$DATA), no
// dots and spaces at the end, no space at the start, and on the last segment no ".json" or ".xml". The
// refusal when what comes of it may not be, or nullptr. Requires: refuse_segment() has passed.
const char* read_leniently(std::string_view segment, bool last, std::string& out);

}  // namespace sluice
