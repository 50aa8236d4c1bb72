#include "config/rfc3339.h"

#include <string>

#include "config/ascii.h"

namespace sluice {
namespace {

// What 64 bits of nanoseconds since 1970 can say.
constexpr int kFirstYear = 1678;
constexpr int kLastYear = 2261;

// The number of `count` digits at `place`, or nullopt.
std::optional<int> digits(std::string_view text, size_t place, size_t count) {
  if (place + count > text.size()) return std::nullopt;
  int number = 0;
  for (char c : text.substr(place, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

// "Z", "+01:00" or "-08:30" in minutes east of UTC.
std::optional<int> read_zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 60 + *minutes) * (text[0] == '-' ? -1 : 1);
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const bool formed = year && month && day && hour && minute && second && text[4] == '-' && text[7] == '-' &&
                      (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' &&
                      text[16] == ':';
  if (!formed || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  if (*year < kFirstYear || *year > kLastYear) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::string_view rest = text.substr(19);
  std::chrono::nanoseconds fraction{0};
  if (!rest.empty() && rest[0] == '.') {
    size_t end = 1;
    for (int64_t unit = 100'000'000; end < rest.size() && is_digit(rest[end]); unit /= 10, ++end) {
      fraction += std::chrono::nanoseconds((rest[end] - '0') * unit);
    }
    if (end == 1) return std::nullopt;
    rest.remove_prefix(end);
  }
  const auto zone = read_zone(rest);
  if (!zone) return std::nullopt;
  const auto instant = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                       std::chrono::minutes(*minute - *zone) + std::chrono::seconds(*second) + fraction;
  return std::chrono::time_point_cast<std::chrono::system_clock::duration>(instant);
}

std::optional<std::chrono::system_clock::time_point> parse_date_or_time(std::string_view text) {
  constexpr size_t kDateLength = 10;  // 2026-01-31
  return parse_rfc3339(text.size() == kDateLength ? std::string(text) + "T00:00:00Z" : std::string(text));
}

}  // namespace sluice
