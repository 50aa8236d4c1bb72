#include "proxy/audit/retry.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Sun, 06 Nov 1994 08:49:37 GMT
const auto kThen = std::chrono::system_clock::from_time_t(784111777);

TEST(AuditRetry, FollowsTheScheduleThenRepeatsItsLast) {
  const auto delays = default_retry_delays();
  const Millis expected[] = {seconds(1),  seconds(5),  seconds(30), minutes(2),
                             minutes(10), minutes(30), hours(1)};
  for (size_t i = 0; i < 7; ++i) EXPECT_EQ(retry_delay(delays, i + 1, 0), expected[i]) << i;
  EXPECT_EQ(retry_delay(delays, 1'000, 0), hours(1));
}

TEST(AuditRetry, AddsAtMostAFifth) {
  EXPECT_EQ(retry_delay({Millis(1000)}, 1, 0.5), Millis(1100));
  EXPECT_LE(retry_delay({Millis(1000)}, 1, 0.999999), Millis(1200));
}

TEST(AuditRetry, ReadsSecondsAndAllThreeFormsOfDate) {
  EXPECT_EQ(parse_retry_after("120", kThen), Millis(120'000));
  EXPECT_EQ(parse_retry_after(" 0 ", kThen), Millis(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kThen), minutes(1));
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", kThen), minutes(1));
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:37 1994", kThen), minutes(1));
}

TEST(AuditRetry, IsNeverEarlyWithinTheSecond) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:39 GMT", kThen + Millis(300)), seconds(2));
}

TEST(AuditRetry, WaitsADayAtMostAndNotForThePast) {
  EXPECT_EQ(parse_retry_after("999999999999999999999999", kThen), hours(24));
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kThen), hours(24));
  EXPECT_EQ(parse_retry_after("Sat, 05 Nov 1994 08:49:37 GMT", kThen), Millis(0));
}

TEST(AuditRetry, IgnoresWhatIsNeither) {
  for (const char* bad : {"", " ", "-1", "1.5", "soon", "10s", "Sun, 06 Nov 1994 08:49:37 CET"})
    EXPECT_EQ(parse_retry_after(bad, kThen), std::nullopt) << bad;
}

}  // namespace
}  // namespace sluice
