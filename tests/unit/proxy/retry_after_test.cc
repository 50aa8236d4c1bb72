#include "proxy/http/retry_after.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Sun, 06 Nov 1994 08:49:37 GMT
const auto kThen = std::chrono::system_clock::from_time_t(784111777);

TEST(RetryAfter, ReadsSecondsAndAllThreeFormsOfDate) {
  EXPECT_EQ(parse_retry_after("120", kThen), Millis(120'000));
  EXPECT_EQ(parse_retry_after(" 0 ", kThen), Millis(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kThen), minutes(1));
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", kThen), minutes(1));
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:37 1994", kThen), minutes(1));
}

TEST(RetryAfter, IsNeverEarlyWithinTheSecond) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:39 GMT", kThen + Millis(300)), seconds(2));
}

TEST(RetryAfter, WaitsADayAtMostAndNotForThePast) {
  EXPECT_EQ(parse_retry_after("999999999999999999999999", kThen), hours(24));
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kThen), hours(24));
  EXPECT_EQ(parse_retry_after("Sat, 05 Nov 1994 08:49:37 GMT", kThen), Millis(0));
}

TEST(RetryAfter, IgnoresWhatIsNeither) {
  for (const char* bad : {"", " ", "-1", "1.5", "soon", "10s", "Sun, 06 Nov 1994 08:49:37 CET"})
    EXPECT_EQ(parse_retry_after(bad, kThen), std::nullopt) << bad;
}

}  // namespace
}  // namespace sluice
