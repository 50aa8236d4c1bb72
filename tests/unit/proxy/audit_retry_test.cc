#include "proxy/audit/retry.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

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

}  // namespace
}  // namespace sluice
