// text: the few questions about texts that several files of the policy ask. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace sluice {

// Requires: valid UTF-8.
inline uint64_t count_code_points(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// At most this many octets of it, and no part of a character. Requires: valid UTF-8.
inline std::string_view cut_utf8(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  return text.substr(0, most);
}

}  // namespace sluice
