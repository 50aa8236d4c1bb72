// trace_context: which trace a request belongs to, as its caller says (W3C Trace Context, level 1,
// https://www.w3.org/TR/trace-context/). Read strictly: what is not exactly a traceparent is none. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/h1_parser.h"

namespace sluice {

// 3.2: what a caller hands on. Views of the field's value.
struct TraceParent {
  std::string_view trace_id;   // 32 lower-case hexadecimal digits, not all 0
  std::string_view parent_id;  // 16, not all 0: the caller's span
  bool sampled = false;
};
// Of a later version: what version 00 has (3.2.4).
std::optional<TraceParent> parse_traceparent(std::string_view value);

// The field of the head, if there is exactly one (3.2.1) and it can be read.
std::optional<TraceParent> find_traceparent(const std::vector<HeaderField>& fields);

// The list of all tracestate fields (3.3.1), without empty members; "" where it is not one of at most 32
// members with different keys in at most 512 octets: then nobody can do anything with it.
std::string find_tracestate(const std::vector<HeaderField>& fields);

// A trace that begins here has its request's id: 32 digits of a UUIDv7, whose last 62 bits are random.
void assign_trace_id(std::string& out, std::string_view request_id);
// The ids of the gate's own spans of a request: 16 digits that follow from its id, so that nobody has to keep
// them. `number`: which of the spans.
std::array<char, 16> span_id(std::string_view request_id, unsigned number);

// Whether a trace that begins here is kept: by its last 56 bits, so that all who sample by W3C's level 2 and
// the same part agree. `part` in 0..1.
bool is_sampled(std::string_view trace_id, double part);

// "traceparent: 00-…" with the line's end.
void append_traceparent(std::string& out, std::string_view trace_id, std::string_view parent_id,
                        bool sampled);

}  // namespace sluice
