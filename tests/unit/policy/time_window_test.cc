#include "policy/time_window.h"

#include <gtest/gtest.h>

#include "config/rfc3339.h"

namespace sluice {
namespace {

TimeWindow window(const std::string& days, const std::string& hours) {
  TimeWindow window;
  window.days = {};
  EXPECT_TRUE(parse_days(days, window.days).ok());
  window.hours = {*parse_hours(hours)};
  return window;
}

bool contains(const TimeWindow& window, const std::string& at) { return window.contains(*parse_rfc3339(at)); }

TEST(TimeWindow, EndsBeforeItsEnd) {
  const TimeWindow office = window("mon-fri", "08:00-18:00");
  EXPECT_FALSE(contains(office, "2026-01-07T07:59:59Z"));
  EXPECT_TRUE(contains(office, "2026-01-07T08:00:00Z"));
  EXPECT_TRUE(contains(office, "2026-01-07T17:59:59Z"));
  EXPECT_FALSE(contains(office, "2026-01-07T18:00:00Z"));
}

TEST(TimeWindow, MayEndAtMidnight) {
  const TimeWindow evening = window("wed", "22:00-24:00");
  EXPECT_TRUE(contains(evening, "2026-01-07T23:59:59Z"));
  EXPECT_FALSE(contains(evening, "2026-01-08T00:00:00Z"));
}

TEST(TimeWindow, PastMidnightBelongsToTheDayItStarts) {
  const TimeWindow night = window("sun", "22:00-06:00");
  EXPECT_TRUE(contains(night, "2026-01-12T05:59:00Z")) << "Monday morning is Sunday's night";
  EXPECT_FALSE(contains(night, "2026-01-11T05:59:00Z")) << "Sunday morning is Saturday's night";
  EXPECT_TRUE(contains(night, "2026-01-11T22:00:00Z"));
}

TEST(TimeWindow, KnowsDaysBefore1970) {
  EXPECT_TRUE(contains(window("wed", "23:00-24:00"), "1969-12-31T23:59:59.5Z"));
}

TEST(TimeWindow, DaysMayRunOverTheEndOfTheWeek) {
  const TimeWindow weekend = window("fri-mon", "00:00-24:00");
  EXPECT_TRUE(contains(weekend, "2026-01-12T10:00:00Z"));
  EXPECT_FALSE(contains(weekend, "2026-01-13T10:00:00Z"));
}

TEST(TimeWindow, RefusesWhatIsNoDayOrRange) {
  std::array<bool, 7> days{};
  for (const char* text : {"", "Mon", "mon-", "-mon", "mon-tue-wed", "monday", "mon fri"}) {
    EXPECT_FALSE(parse_days(text, days).ok()) << text;
  }
  for (const char* text : {"", "8:00-18:00", "08:00", "08:00-18:60", "08:00-24:01", "24:00-08:00",
                           "08:00-08:00", "08:00 18:00", "ab:cd-ef:gh"}) {
    EXPECT_FALSE(parse_hours(text).ok()) << text;
  }
}

}  // namespace
}  // namespace sluice
