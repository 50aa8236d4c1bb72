#include "policy/unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "config/ascii.h"

namespace sluice {
namespace {

bool is_ascii(std::string_view text) {
  unsigned char all = 0;  // without an early end the compiler takes many octets at a time
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

struct Free {
  void operator()(utf8proc_uint8_t* text) const { std::free(text); }
};

// What utf8proc makes of a text, in memory of its own. Null when it fails. Requires: valid UTF-8.
struct Mapped {
  std::unique_ptr<utf8proc_uint8_t, Free> octets;
  size_t size = 0;
  std::string_view view() const { return {reinterpret_cast<const char*>(octets.get()), size}; }
};
Mapped map_text(std::string_view text, int options) {
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &out, static_cast<utf8proc_option_t>(options));
  if (length < 0) return {};
  return {std::unique_ptr<utf8proc_uint8_t, Free>(out), static_cast<size_t>(length)};
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  if (is_ascii(text)) return true;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(bytes, left, &code_point);
    if (length <= 0) return false;
    bytes += length;
    left -= length;
  }
  return true;
}

std::optional<std::string> fold_case(std::string_view text) {
  if (is_ascii(text)) {
    std::string folded(text);
    for (char& c : folded) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return folded;
  }
  if (!is_valid_utf8(text)) return std::nullopt;
  const Mapped folded = map_text(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
  if (folded.octets == nullptr) return std::nullopt;
  return std::string(folded.view());
}

bool to_compatible_form(std::string_view text, std::string& out) {
  if (is_ascii(text) || !is_valid_utf8(text)) return false;
  constexpr int kOptions = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE;
  const Mapped form = map_text(text, kOptions);
  if (form.octets == nullptr || form.view() == text) return false;
  out = form.view();
  return true;
}

bool has_unicode_control(std::string_view text) {
  if (is_ascii(text)) return false;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t length = utf8proc_iterate(bytes, left, &code_point);
    if (length <= 0) return true;
    const utf8proc_category_t category = utf8proc_category(code_point);
    if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
        category == UTF8PROC_CATEGORY_ZP) {
      return true;
    }
    bytes += length;
    left -= length;
  }
  return false;
}

bool has_unsettled_case(std::string_view text) {
  return text.find("\xC4\xB0") != std::string_view::npos || text.find("\xC4\xB1") != std::string_view::npos;
}

bool same_but_for_case(std::string_view left, std::string_view right) {
  if (left.empty() || right.empty()) return left.empty() == right.empty();
  const char one = left.front(), other = right.front();
  if (is_ascii({&one, 1}) && is_ascii({&other, 1}) && to_lower(one) != to_lower(other)) return false;
  if (is_ascii(left) && is_ascii(right)) return equals_ignoring_case(left, right);
  const std::optional<std::string> folded = fold_case(left);
  return folded && folded == fold_case(right);
}

}  // namespace sluice
