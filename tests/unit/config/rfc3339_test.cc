#include "config/rfc3339.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

int64_t seconds(const char* text) {
  const auto time = parse_date_or_time(text);
  if (!time) return -1;
  return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
}

TEST(Rfc3339, ADateIsItsFirstMomentInUtc) {
  EXPECT_EQ(seconds("2027-01-31"), 1'801'353'600);
  EXPECT_EQ(seconds("2027-01-31T00:00:00Z"), 1'801'353'600);
  EXPECT_EQ(seconds("2027-01-31T01:00:00+01:00"), 1'801'353'600);
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2027", "2027-02-29", "2027-13-01", "31.01.2027", "2027-1-31", "2027-01-31Z",
                           "2027-01-31T00:00:00", "2027-01-31T24:00:00Z", "20270131AA"})
    EXPECT_FALSE(parse_date_or_time(text)) << text;
}

TEST(Rfc3339, RefusesWhatTheClockCannotHold) {
  EXPECT_FALSE(parse_date_or_time("9999-12-31"));
  EXPECT_FALSE(parse_date_or_time("0001-01-01"));
  EXPECT_TRUE(parse_date_or_time("2261-12-31"));
}

}  // namespace
}  // namespace sluice
