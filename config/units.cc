#include "config/units.h"

#include <charconv>
#include <limits>
#include <span>

namespace sluice {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Largest first: formatting takes the first that divides.
constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizeUnits[] = {{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}};

std::optional<uint64_t> parse(std::string_view text, std::span<const Unit> units, uint64_t highest) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view unit_name(rest, static_cast<size_t>(end - rest));
  for (const Unit& unit : units) {
    if (unit.name != unit_name) continue;
    if (number > highest / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

// Requires: `units` ends with the factor 1.
std::string format(uint64_t value, std::span<const Unit> units, std::string_view unit_of_zero) {
  if (value == 0) return "0" + std::string(unit_of_zero);
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return {};
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  auto count = parse(text, kDurationUnits, static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  if (!count) return std::nullopt;
  return Millis(static_cast<int64_t>(*count));
}

std::optional<Bytes> parse_size(std::string_view text) {
  auto count = parse(text, kSizeUnits, std::numeric_limits<uint64_t>::max());
  if (!count) return std::nullopt;
  return Bytes{*count};
}

std::string format_duration(Millis value) {
  return format(static_cast<uint64_t>(value.count()), kDurationUnits, "s");
}

std::string format_size(Bytes value) { return format(value.count, kSizeUnits, "B"); }

}  // namespace sluice
