// terminal_text: foreign text made fit for a terminal: nothing in it moves the cursor, changes colours or
// turns the direction of what follows, and it takes a known number of columns. Pure; any thread; linear.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// Characters that cannot be seen or that a terminal obeys (controls, C1, marks of direction and of joining,
// unassigned and private ones) are written as \u{202e}, octets that are no UTF-8 (RFC 3629) as \x9b, and of
// marks upon one letter no more than two stay.
std::string escape_for_terminal(std::string_view text);

// How many columns a text takes (UAX 11: a wide character takes two). Requires: escaped.
size_t terminal_columns(std::string_view text);

// Exactly `columns` wide: cut with a mark, or filled up with spaces, at the left if `right`. Requires:
// escaped.
std::string fit_columns(std::string_view text, size_t columns, bool right = false);

}  // namespace sluice
