// Units of the configuration: durations and sizes as people write them.
// Durations: 500ms, 9s, 5m, 1h, 7d. Sizes: 64KiB, 1MiB, 10GiB, and plain bytes as 512B.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

using Millis = std::chrono::milliseconds;
using Nanos = std::chrono::nanoseconds;

constexpr Millis kSecond{1'000};
constexpr Millis kHour = 3600 * kSecond;
constexpr Millis kDay = 24 * kHour;

// A number of octets.
struct Bytes {
  uint64_t count = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a 0 in the generated comparison
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

inline namespace literals {
constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr Bytes operator""_GiB(unsigned long long n) { return {n << 30}; }
}  // namespace literals

// nullopt when the text is not a whole non-negative number with a known unit, or overflows.
std::optional<Millis> parse_duration(std::string_view text);
std::optional<Bytes> parse_size(std::string_view text);

// The shortest text that parses back to the same value: 90s, 64KiB.
std::string format_duration(Millis value);
std::string format_size(Bytes value);

}  // namespace sluice
