// unicode: what the policy asks of a text in UTF-8 (utf8proc). Pure; any thread; linear.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Unicode case folding with NFC normalisation. nullopt when the text is not valid UTF-8.
std::optional<std::string> fold_case(std::string_view text);
bool is_valid_utf8(std::string_view text);

// Puts a text into the plain letters that some servers take its letters for: NFKC (a full-width slash is a
// slash), without what cannot be seen, such as a zero-width space. False: it is in them already.
bool to_compatible_form(std::string_view text, std::string& out);
// A control character beyond ASCII (U+0085), or a separator of lines. Requires: valid UTF-8.
bool has_unicode_control(std::string_view text);
// A dotless i or a dotted I: Turkish has a case of its own for them, others take them for an i.
bool has_unsettled_case(std::string_view text);
// Whether two names are one to a reader that ignores case.
bool same_but_for_case(std::string_view left, std::string_view right);

}  // namespace sluice
