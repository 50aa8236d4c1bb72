#include "policy/segment.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/ascii.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

// Each level strips two octets from every sequence, so this ends by itself; the bound only keeps a hostile
// segment from costing more than its length suggests.
constexpr int kMaxDepth = 16;

constexpr std::array<std::string_view, 2> kSuffixes{".json", ".xml"};

bool is_sequence(std::string_view text, size_t at) {
  return text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 &&
         hex_value(text[at + 2]) >= 0;
}

// What one more step of decoding or normalising makes of a text. False: nothing else.
bool next_level(std::string_view text, std::string& out) {
  if (!has_percent_sequence(text)) return to_compatible_form(text, out);
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_sequence(text, i)) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return true;
}

// The letters I that have a case of their own in Turkish, and are an i to others.
void settle_dots_of_i(std::string& text) {
  constexpr std::array<std::string_view, 2> kLetters{"\xC4\xB0", "\xC4\xB1"};
  for (const std::string_view letter : kLetters) {
    for (size_t at = text.find(letter); at != std::string::npos; at = text.find(letter, at)) {
      text.replace(at, letter.size(), "i");
    }
  }
}

void cut_suffixes(std::string& text) {
  for (const std::string_view suffix : kSuffixes) {
    if (text.size() <= suffix.size()) continue;
    const std::string_view end = std::string_view(text).substr(text.size() - suffix.size());
    if (equals_ignoring_case(end, suffix)) text.resize(text.size() - suffix.size());
  }
}

void cut_off(std::string& text, bool last) {
  text.resize(std::min({text.find(';'), text.find("::$"), text.size()}));
  for (size_t before = text.size() + 1; text.size() < before;) {
    before = text.size();
    while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
    text.erase(0, text.find_first_not_of(' '));
    if (last) cut_suffixes(text);
  }
}

}  // namespace

bool has_percent_u(std::string_view text) {
  for (size_t i = 0; i + 5 < text.size(); ++i) {
    if (text[i] != '%' || (text[i + 1] != 'u' && text[i + 1] != 'U')) continue;
    bool all_hex = true;
    for (size_t k = 2; k < 6; ++k) all_hex = all_hex && hex_value(text[i + k]) >= 0;
    if (all_hex) return true;
  }
  return false;
}

bool has_percent_sequence(std::string_view text) {
  for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (is_sequence(text, at)) return true;
  }
  return false;
}

bool is_dot_segment(std::string_view segment) {
  const std::string_view name = segment.substr(0, segment.find(';'));
  return name == "." || name == "..";
}

const char* refuse_segment(std::string_view segment) {
  for (char c : segment) {
    if (c == '/') return "an encoded slash";
    if (c == '\\') return "an encoded backslash";
    if (c == '?' || c == '#') return "an encoded ? or #";
    if (is_control(c)) return "an encoded NUL or control character";
  }
  if (is_dot_segment(segment)) return "a dot segment";
  if (!is_valid_utf8(segment)) return "invalid or overlong UTF-8";
  if (has_unicode_control(segment)) return "an encoded control character or line separator";
  if (has_percent_u(segment)) return "a %uXXXX sequence";
  return nullptr;
}

const char* read_leniently(std::string_view segment, bool last, std::string& out) {
  out = segment;
  std::string next;
  for (int depth = 0; next_level(out, next); ++depth) {
    if (depth == kMaxDepth) return "more levels of percent-encoding than can be told apart";
    if (const char* refusal = refuse_segment(next)) return refusal;
    std::swap(out, next);
  }
  settle_dots_of_i(out);
  cut_off(out, last);
  return out.empty() ? "a segment of nothing but dots, spaces or a parameter" : nullptr;
}

}  // namespace sluice
