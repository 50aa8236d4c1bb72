#include "proxy/cli/terminal_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdio>

namespace sluice {
namespace {

constexpr size_t kMostMarks = 2;
constexpr std::string_view kCut = "…";

struct Character {
  utf8proc_int32_t code = -1;  // -1: an octet that is no UTF-8
  size_t size = 1;
};

Character first_of(std::string_view text) {
  Character first;
  const utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                 static_cast<utf8proc_ssize_t>(text.size()), &first.code);
  if (size <= 0) return {};
  first.size = static_cast<size_t>(size);
  return first;
}

bool is_shown(utf8proc_int32_t code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return true;
  }
}

std::string escaped(const Character& character, char octet) {
  char text[16];
  if (character.code < 0)
    std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(octet)));
  else
    std::snprintf(text, sizeof text, "\\u{%x}", static_cast<unsigned>(character.code));
  return text;
}

size_t columns_of(const Character& character) {
  return static_cast<size_t>(std::max(0, utf8proc_charwidth(character.code)));
}

}  // namespace

std::string escape_for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t marks = kMostMarks;  // none has a letter to stand upon at the start
  while (!text.empty()) {
    const Character first = first_of(text);
    if (first.code < 0 || !is_shown(first.code)) {
      out += escaped(first, text.front());
      marks = 0;
    } else if (columns_of(first) > 0) {
      out += text.substr(0, first.size);
      marks = 0;
    } else if (marks < kMostMarks) {
      out += text.substr(0, first.size);
      ++marks;
    }
    text.remove_prefix(first.size);
  }
  return out;
}

size_t terminal_columns(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Character first = first_of(text);
    columns += columns_of(first);
    text.remove_prefix(first.size);
  }
  return columns;
}

std::string fit_columns(std::string_view text, size_t columns, bool right) {
  if (columns == 0) return "";
  const size_t wanted = terminal_columns(text);
  std::string out;
  size_t taken = 0;
  if (wanted <= columns) {
    out = text;
    taken = wanted;
  } else {
    for (std::string_view rest = text; !rest.empty();) {
      const Character first = first_of(rest);
      if (taken + columns_of(first) > columns - 1) break;
      taken += columns_of(first);
      out += rest.substr(0, first.size);
      rest.remove_prefix(first.size);
    }
    out += kCut;
    ++taken;
  }
  const std::string space(columns - taken, ' ');
  return right ? space + out : out + space;
}

}  // namespace sluice
