#include "policy/json_number.h"

#include <charconv>

#include "config/ascii.h"

namespace sluice {
namespace {

enum class Form : uint8_t { kNone, kWhole, kFraction };

bool has_leading_zero(std::string_view text) {
  const std::string_view digits = text.substr(text[0] == '-' ? 1 : 0);
  return digits.size() > 1 && digits[0] == '0';
}

// RFC 8259 section 6.
Form form_of(std::string_view rest) {
  const auto skip_digits = [&rest] {
    size_t count = 0;
    while (count < rest.size() && is_digit(rest[count])) ++count;
    rest.remove_prefix(count);
    return count;
  };
  if (!rest.empty() && rest[0] == '-') rest.remove_prefix(1);
  const bool starts_with_zero = !rest.empty() && rest[0] == '0';
  const size_t whole_digits = skip_digits();
  if (whole_digits == 0 || (starts_with_zero && whole_digits > 1)) return Form::kNone;
  if (rest.empty()) return Form::kWhole;
  if (rest[0] == '.') {
    rest.remove_prefix(1);
    if (skip_digits() == 0) return Form::kNone;
  }
  if (!rest.empty() && (rest[0] == 'e' || rest[0] == 'E')) {
    rest.remove_prefix(1);
    if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) rest.remove_prefix(1);
    if (skip_digits() == 0) return Form::kNone;
  }
  return rest.empty() ? Form::kFraction : Form::kNone;
}

}  // namespace

std::optional<JsonNumber> read_json_number(std::string_view text) {
  JsonNumber number;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number.integer);
  if (problem == std::errc() && stopped == end && !has_leading_zero(text)) {  // most are whole and small
    number.whole = number.integer_exact = true;
    number.number = static_cast<double>(number.integer);
    return number;
  }
  number.integer = 0;
  const Form form = form_of(text);
  if (form == Form::kNone) return std::nullopt;
  number.whole = form == Form::kWhole;
  if (std::from_chars(text.data(), end, number.number).ec != std::errc()) return std::nullopt;
  return number;
}

JsonValue to_value(const JsonNumber& number) {
  JsonValue value;
  value.type = number.whole ? JsonValue::Type::kInteger : JsonValue::Type::kNumber;
  value.number = number.number;
  value.integer = number.integer;
  value.integer_exact = number.integer_exact;
  return value;
}

}  // namespace sluice
