// time_window: `time` of a rule: days of the week and hours of the day in a time zone.
// Zones are read from the system's tz database when the policy is compiled; deciding reads no file and no
// clock. Fails: an unknown zone, day or range is an error that says what is allowed. Pure afterwards; any
// thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"

namespace sluice {

// Where the system keeps the tz database.
constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo";

// What a clock on the wall shows, over all of time: offsets from UTC, each from an instant on.
class TimeZone {
 public:
  // An IANA name such as Europe/London, or UTC (which needs no database).
  static Result<std::shared_ptr<const TimeZone>> load(std::string_view name,
                                                      std::string_view folder = kZoneFolder);
  // The text of a TZif file (RFC 8536), version 2 or later. Its rule for the future is expanded to the year
  // 2500.
  static Result<std::shared_ptr<const TimeZone>> parse(std::string_view tzif);

  // Seconds east of UTC.
  int32_t offset_at(int64_t unix_seconds) const;

 private:
  struct Change {
    int64_t from;  // Unix seconds
    int32_t offset;
  };
  int32_t first_offset_ = 0;     // before the first change
  std::vector<Change> changes_;  // ascending
};

struct TimeWindow {
  struct Hours {
    int start = 0;      // minutes since midnight, 0 to 1439
    int end = 24 * 60;  // exclusive, up to 1440; smaller than start: it ends on the next day
  };

  std::array<bool, 7> days{true, true, true, true, true, true, true};  // Monday first
  std::vector<Hours> hours{{}};                                        // any of
  std::shared_ptr<const TimeZone> zone;                                // nullptr: UTC

  // A range past midnight belongs to the day on which it starts.
  bool contains(std::chrono::system_clock::time_point at) const;
};

// "mon", "mon-fri", "sat-sun", "fri-mon" (over the end of the week): sets what it names.
Result<void> parse_days(std::string_view text, std::array<bool, 7>& days);
// "08:00-18:00", "22:00-06:00"; the end may be 24:00.
Result<TimeWindow::Hours> parse_hours(std::string_view text);

}  // namespace sluice
