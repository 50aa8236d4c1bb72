// json_number: a number as JSON writes it, read from a text. Pure; any thread; allocates nothing.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/json_view.h"

namespace sluice {

struct JsonNumber {
  bool whole = false;          // neither fraction nor exponent
  bool integer_exact = false;  // whole, and fits `integer`
  int64_t integer = 0;
  double number = 0;

  bool is_integral() const { return whole || std::trunc(number) == number; }
  // Exact for every int64 and every double: its mantissa has 64 bits or more on the machines that this runs
  // on.
  long double value() const {
    return integer_exact ? static_cast<long double>(integer) : static_cast<long double>(number);
  }
};

// Nothing else around it. nullopt also when it is out of range.
std::optional<JsonNumber> read_json_number(std::string_view text);
JsonValue to_value(const JsonNumber& number);

}  // namespace sluice
