// unicode: the two things that the policy asks of a text in UTF-8 (utf8proc). Pure; any thread; linear.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Unicode case folding with NFC normalisation. nullopt when the text is not valid UTF-8.
std::optional<std::string> fold_case(std::string_view text);
bool is_valid_utf8(std::string_view text);

}  // namespace sluice
