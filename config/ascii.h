// The character classes of the protocols' grammars: ASCII alone, whatever the locale.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

namespace ascii {

enum Class : uint8_t { kDigit = 1, kLower = 2, kUpper = 4, kToken = 8, kControl = 16 };

constexpr std::array<uint8_t, 256> kClasses = [] {
  std::array<uint8_t, 256> classes{};
  for (unsigned c = 0; c < 0x20; ++c) classes[c] = kControl;
  classes[0x7f] = kControl;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = kDigit | kToken;
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = kLower | kToken;
  for (unsigned c = 'A'; c <= 'Z'; ++c) classes[c] = kUpper | kToken;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) classes[static_cast<unsigned char>(c)] = kToken;
  return classes;
}();

constexpr bool is(char c, int classes) { return (kClasses[static_cast<unsigned char>(c)] & classes) != 0; }

}  // namespace ascii

constexpr bool is_digit(char c) { return ascii::is(c, ascii::kDigit); }
constexpr bool is_letter(char c) { return ascii::is(c, ascii::kLower | ascii::kUpper); }
constexpr bool is_alphanumeric(char c) { return ascii::is(c, ascii::kDigit | ascii::kLower | ascii::kUpper); }
constexpr bool is_lower_alphanumeric(char c) { return ascii::is(c, ascii::kDigit | ascii::kLower); }
constexpr bool is_control(char c) { return ascii::is(c, ascii::kControl); }        // tab and DEL too
constexpr bool is_token_character(char c) { return ascii::is(c, ascii::kToken); }  // tchar, RFC 9110 5.6.2
constexpr bool is_visible(char c) { return c > 0x20 && c < 0x7f; }                 // VCHAR, RFC 5234
constexpr bool is_whitespace(char c) { return c == ' ' || c == '\t'; }             // RFC 9110 5.6.3

constexpr char to_lower(char c) { return ascii::is(c, ascii::kUpper) ? static_cast<char>(c | 0x20) : c; }

// -1 for what is no hexadecimal digit.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// At least one digit, and nothing else.
constexpr bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// RFC 9110 5.6.2.
constexpr bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(),
                                                   [](char a, char b) { return to_lower(a) == to_lower(b); });
}

// Without the white space at both ends.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_whitespace(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_whitespace(text.back())) text.remove_suffix(1);
  return text;
}

inline std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return to_lower(c); });
  return out;
}

}  // namespace sluice
