#include "config/text_check.h"

#include <cstdint>

namespace sluice {
namespace {

uint8_t octet_at(std::string_view text, size_t index) { return static_cast<uint8_t>(text[index]); }

bool is_between(uint8_t octet, uint8_t low, uint8_t high) { return octet >= low && octet <= high; }

bool is_direction_change(std::string_view character) {
  if (character.size() != 3 || octet_at(character, 0) != 0xe2) return false;
  const uint8_t last = octet_at(character, 2);
  return (octet_at(character, 1) == 0x80 && is_between(last, 0xaa, 0xae)) ||
         (octet_at(character, 1) == 0x81 && is_between(last, 0xa6, 0xa9));
}

}  // namespace

// The table of RFC 3629 section 4: only the second octet's range depends on the first.
size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const uint8_t first = octet_at(text, 0);
  if (first < 0x80) return 1;
  const size_t length = is_between(first, 0xc2, 0xdf) ? 2 : is_between(first, 0xe0, 0xef) ? 3 : 4;
  if (!is_between(first, 0xc2, 0xf4) || text.size() < length) return 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  if (!is_between(octet_at(text, 1), low, high)) return 0;
  for (size_t index = 2; index < length; ++index) {
    if (!is_between(octet_at(text, index), 0x80, 0xbf)) return 0;
  }
  return length;
}

std::optional<BadText> find_unreadable(std::string_view text) {
  for (size_t offset = 0; offset < text.size();) {
    const uint8_t octet = octet_at(text, offset);
    const size_t length = utf8_length(text.substr(offset));
    if (length == 0) return BadText{offset, "not valid UTF-8: save the file as UTF-8"};
    if (octet == 0) return BadText{offset, "a NUL character is not allowed"};
    const bool line_end =
        octet == '\n' || (octet == '\r' && offset + 1 < text.size() && text[offset + 1] == '\n');
    if ((octet < 0x20 && octet != '\t' && !line_end) || octet == 0x7f) {
      return BadText{offset, "a control character is not allowed, only tab and line ends are"};
    }
    if (is_direction_change(text.substr(offset, length))) {
      return BadText{offset, "a character that changes the direction of text is not allowed"};
    }
    offset += length;
  }
  return std::nullopt;
}

}  // namespace sluice
