#include "config/text_check.h"

#include <algorithm>
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

// U+0080 to U+009F: U+009B starts an escape sequence, U+0085 is a line end to some.
bool is_late_control(std::string_view character) {
  return character.size() == 2 && octet_at(character, 0) == 0xc2 && octet_at(character, 1) < 0xa0;
}

// U+2028 and U+2029: line ends to YAML 1.1 and to some editors, so that a comment ends there or does not.
bool is_separator(std::string_view character) {
  return character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9";
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
    const std::string_view character = text.substr(offset, length);
    if ((octet < 0x20 && octet != '\t' && !line_end) || octet == 0x7f || is_late_control(character)) {
      return BadText{offset, "a control character is not allowed, only tab and line ends are"};
    }
    if (is_separator(character)) {
      return BadText{offset,
                     "a line or paragraph separator (U+2028, U+2029) is not allowed, write a line end"};
    }
    if (is_direction_change(character)) {
      return BadText{offset, "a character that changes the direction of text is not allowed"};
    }
    offset += length;
  }
  return std::nullopt;
}

std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<size_t>(length, 1));
    const bool shown = length > 0 && octet_at(character, 0) >= 0x20 && octet_at(character, 0) != 0x7f &&
                       !is_late_control(character) && !is_separator(character) &&
                       !is_direction_change(character);
    if (shown) out += character;
    for (size_t index = 0; !shown && index < character.size(); ++index) {
      const uint8_t octet = octet_at(character, index);
      out += {'\\', 'x', kHex[octet >> 4], kHex[octet & 15]};
    }
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace sluice
