#include "proxy/pacing/rate_control.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kStart = seconds(1'000);
constexpr Nanos kInterval = milliseconds(100);

double rate_at(const RateControl& control, Nanos now) {
  return 1e9 / static_cast<double>(control.interval(now).count());
}

TEST(RateControl, LeavesTheRateAloneWhileNobodyComplains) {
  const RateControl control(kInterval);
  EXPECT_EQ(control.interval(kStart), kInterval);
  EXPECT_TRUE(control.allows_burst(kStart));
}

TEST(RateControl, TheFirstRejectionTakesTheBurstForAMinute) {
  RateControl control(kInterval);
  EXPECT_FALSE(control.on_rejection(kStart));
  EXPECT_EQ(control.interval(kStart), kInterval);
  EXPECT_FALSE(control.allows_burst(kStart + seconds(59)));
  EXPECT_TRUE(control.allows_burst(kStart + seconds(60)));
}

// CUBIC by hand: from 7 a second, K = cbrt(3 / 0.4) = 1.957 s; after 1 s 10 + 0.4 (1 - 1.957)^3 = 9.649.
TEST(RateControl, TheSecondWithinAMinuteSlowsTheScheduleUntilItHasGrownBack) {
  RateControl control(kInterval);
  control.on_rejection(kStart);
  EXPECT_FALSE(control.on_rejection(kStart + seconds(10)));
  const Nanos slowed = kStart + seconds(10);
  EXPECT_NEAR(rate_at(control, slowed), 7, 1e-6);
  EXPECT_NEAR(rate_at(control, slowed + seconds(1)), 9.649, 0.001);
  EXPECT_EQ(control.interval(slowed + seconds(2)), kInterval);
  EXPECT_EQ(control.interval(slowed + seconds(1'000'000)), kInterval);
}

TEST(RateControl, ASecondAfterMoreThanAMinuteIsAFirst) {
  RateControl control(kInterval);
  control.on_rejection(kStart);
  control.on_rejection(kStart + seconds(60));
  EXPECT_EQ(control.interval(kStart + seconds(60)), kInterval);
}

TEST(RateControl, TheThirdWithinAMinuteIsAnAlarm) {
  RateControl control(kInterval);
  EXPECT_FALSE(control.on_rejection(kStart));
  EXPECT_FALSE(control.on_rejection(kStart + seconds(20)));
  EXPECT_TRUE(control.on_rejection(kStart + seconds(40)));
  EXPECT_TRUE(control.on_rejection(kStart + seconds(50)));
  EXPECT_FALSE(control.on_rejection(kStart + seconds(200)));
}

TEST(RateControl, IsNeverFasterThanConfigured) {
  RateControl control(seconds(3'600));
  for (int i = 0; i < 50; ++i) control.on_rejection(kStart + seconds(i));
  for (int i = 0; i < 10'000; ++i) EXPECT_GE(control.interval(kStart + seconds(50 + i)), seconds(3'600));
}

}  // namespace
}  // namespace sluice
