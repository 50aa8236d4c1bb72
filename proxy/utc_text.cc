#include "proxy/utc_text.h"

#include <array>
#include <cstring>

namespace sluice {
namespace {

constexpr size_t kSecondSize = 20;  // up to the point before the milliseconds

// `count` decimal digits, the last ones, and what follows them. Returns where to go on.
char* write_digits(char* at, unsigned value, size_t count, char after) {
  for (size_t i = count; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
  at[count] = after;
  return at + count + 1;
}

void write_second(char* at, std::chrono::sys_seconds second) {
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  at = write_digits(at, static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  at = write_digits(at, static_cast<unsigned>(date.month()), 2, '-');
  at = write_digits(at, static_cast<unsigned>(date.day()), 2, 'T');
  at = write_digits(at, static_cast<unsigned>(clock.hours().count()), 2, ':');
  at = write_digits(at, static_cast<unsigned>(clock.minutes().count()), 2, ':');
  write_digits(at, static_cast<unsigned>(clock.seconds().count()), 2, '.');
}

}  // namespace

void write_utc(char* at, std::chrono::system_clock::time_point time) {
  thread_local std::chrono::sys_seconds kept = std::chrono::sys_seconds::min();
  thread_local std::array<char, kSecondSize> text;
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (second != kept) write_second(text.data(), second);
  kept = second;
  std::memcpy(at, text.data(), text.size());
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time - second);
  write_digits(at + text.size(), static_cast<unsigned>(ms.count()), 3, 'Z');
}

}  // namespace sluice
