// text_check: whether a text is one that a reviewer and the program read alike.
// Pure functions; they never fail.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// The length of the UTF-8 character (RFC 3629) at the start of the text: 1 to 4, or 0 when there is none.
// Overlong forms, surrogates and what lies beyond U+10FFFF are none.
size_t utf8_length(std::string_view text);

struct BadText {
  size_t offset = 0;
  std::string message;
};

// The first place that is not UTF-8, or holds a control character other than tab and line end (a lone CR
// too; U+0080 to U+009F), a line end that only some readers take for one (U+2028, U+2029), or a character
// that changes the direction in which an editor shows the text (U+202A to U+202E, U+2066 to U+2069).
std::optional<BadText> find_unreadable(std::string_view text);

// The text with the octets of each such character, of tabs and of line ends written as \xNN. A hostile file
// can put any of them into a name, by an escape of YAML, and names are shown: none may reach a terminal.
std::string printable(std::string_view text);

}  // namespace sluice
