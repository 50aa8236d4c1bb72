#include "proxy/cli/status_fields.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sluice {
namespace {

constexpr double kMost = 1e15;
constexpr const char* kNothing = "-";

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

}  // namespace

const Json& field(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::optional<double> number_of(const Json& object, const char* name) {
  const Json& value = field(object, name);
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!std::isfinite(number)) return std::nullopt;
  return std::clamp(number, 0.0, kMost);
}

std::string text_of(const Json& object, const char* name) {
  const Json& value = field(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool is_true(const Json& object, const char* name) {
  const Json& value = field(object, name);
  return value.is_boolean() && value.get<bool>();
}

const Json& list_of(const Json& object, const char* name) {
  static const Json kEmpty = Json::array();
  const Json& value = field(object, name);
  return value.is_array() ? value : kEmpty;
}

std::string percent_text(std::optional<double> share) {
  if (!share) return kNothing;
  if (*share > 9.99) return ">999 %";
  return format("%.0f %%", *share * 100);
}

std::string decimal_text(std::optional<double> value) {
  if (!value) return kNothing;
  if (*value >= 100) return count_text(value);
  const std::string text = format("%.1f", *value);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string count_text(std::optional<double> value) {
  if (!value) return kNothing;
  if (*value >= kMost) return ">999T";
  std::string digits = format("%.0f", *value);
  for (size_t place = digits.size(); place > 3;) {
    place -= 3;
    digits.insert(place, 1, ',');
  }
  return digits;
}

std::string seconds_text(std::optional<double> value) {
  if (!value) return kNothing;
  if (*value < 0.05) return "0 s";
  if (*value < 10) return format("%.1f s", *value);
  if (*value < 90) return format("%.0f s", *value);
  if (*value < 90 * 60) return format("%.0f min", *value / 60);
  if (*value < 48 * 3600) return format("%.0f h", *value / 3600);
  return *value < 1e10 ? format("%.0f d", *value / 86'400) : ">300 years";
}

}  // namespace sluice
