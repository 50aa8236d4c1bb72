#include "policy/time_window.h"

#include <algorithm>
#include <optional>

namespace sluice {
namespace {

constexpr int kMinutesPerDay = 24 * 60;
constexpr int64_t kSecondsPerDay = 24 * 3600;
constexpr std::array<std::string_view, 7> kDayNames{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int64_t kThursday = 3;  // the day of 1970-01-01, Monday being 0

std::optional<size_t> day_of(std::string_view name) {
  const auto* found = std::find(kDayNames.begin(), kDayNames.end(), name);
  if (found == kDayNames.end()) return std::nullopt;
  return static_cast<size_t>(found - kDayNames.begin());
}

// "08:00" in minutes since midnight, up to 24:00.
std::optional<int> minute_of(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (size_t place : {0U, 1U, 3U, 4U}) {
    if (text[place] < '0' || text[place] > '9') return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
  return hour * 60 + minute;
}

}  // namespace

Result<void> parse_days(std::string_view text, std::array<bool, 7>& days) {
  const size_t dash = text.find('-');
  const auto first = day_of(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : day_of(text.substr(dash + 1));
  if (!first || !last) {
    return Error{"days: \"" + std::string(text) +
                 "\" is no day and no range of days, such as mon, mon-fri or [sat, sun]"};
  }
  for (size_t day = *first;; day = (day + 1) % days.size()) {
    days[day] = true;
    if (day == *last) return {};
  }
}

Result<TimeWindow::Hours> parse_hours(std::string_view text) {
  const size_t dash = text.find('-');
  const auto start = minute_of(text.substr(0, dash));
  const auto end = dash == std::string_view::npos ? std::nullopt : minute_of(text.substr(dash + 1));
  if (!start || !end || *start == kMinutesPerDay) {
    return Error{"hours: \"" + std::string(text) +
                 "\" is no range of hours such as \"08:00-18:00\" or \"22:00-06:00\""};
  }
  if (*start == *end) {
    return Error{"hours: \"" + std::string(text) + "\" is empty: leave hours out for the whole day"};
  }
  return TimeWindow::Hours{*start, *end};
}

bool TimeWindow::contains(std::chrono::system_clock::time_point at) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
  const int64_t local = seconds + (zone ? zone->offset_at(seconds) : 0);
  const int64_t day_number = local >= 0 ? local / kSecondsPerDay : (local + 1) / kSecondsPerDay - 1;
  const auto minute = static_cast<int>((local - day_number * kSecondsPerDay) / 60);
  const auto today = static_cast<size_t>(((day_number + kThursday) % 7 + 7) % 7);
  const size_t yesterday = (today + 6) % 7;
  return std::any_of(hours.begin(), hours.end(), [this, minute, today, yesterday](const Hours& range) {
    if (range.start < range.end) return days[today] && minute >= range.start && minute < range.end;
    return (days[today] && minute >= range.start) || (days[yesterday] && minute < range.end);
  });
}

}  // namespace sluice
