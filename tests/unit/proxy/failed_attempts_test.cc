#include "proxy/gate/failed_attempts.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

IpAddress ip(const std::string& text) { return *parse_ip(text); }

TEST(FailedAttempts, DelaysWhatComesAfterTheFreeOnesMoreAndMore) {
  FailedAttempts attempts;
  std::vector<int64_t> delays;
  for (int i = 0; i < 14; ++i) delays.push_back(attempts.count(ip("192.0.2.1"), 3, Millis(1000 + i)).count());
  EXPECT_EQ(delays,
            (std::vector<int64_t>{0, 0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000}));
}

TEST(FailedAttempts, ForgetsAfterAMinute) {
  FailedAttempts attempts;
  for (int i = 0; i < 20; ++i) (void)attempts.count(ip("192.0.2.1"), 3, Millis(0));
  EXPECT_GT(attempts.count(ip("192.0.2.1"), 3, Millis(59'999)), Millis(0));
  EXPECT_EQ(attempts.count(ip("192.0.2.1"), 3, Millis(60'000)), Millis(0));
}

TEST(FailedAttempts, CountsEachSourceAndOfIPv6EachSlash64) {
  FailedAttempts attempts;
  for (int i = 0; i < 4; ++i) (void)attempts.count(ip("192.0.2.1"), 3, Millis(0));
  EXPECT_EQ(attempts.count(ip("192.0.2.2"), 3, Millis(0)), Millis(0));
  for (int i = 0; i < 3; ++i) (void)attempts.count(ip("2001:db8::" + std::to_string(i + 1)), 3, Millis(0));
  EXPECT_GT(attempts.count(ip("2001:db8::ffff:1:2:3"), 3, Millis(0)), Millis(0));
  EXPECT_EQ(attempts.count(ip("2001:db8:0:1::1"), 3, Millis(0)), Millis(0));
}

TEST(FailedAttempts, NeverDelaysWhereNoneIsFree) {
  FailedAttempts attempts;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(attempts.count(ip("192.0.2.1"), 0, Millis(0)), Millis(0));
  EXPECT_EQ(attempts.sources(), 0U);
}

TEST(FailedAttempts, KnowsTheLatestTenThousand) {
  FailedAttempts attempts;
  for (int i = 0; i < 4; ++i) (void)attempts.count(ip("192.0.2.1"), 3, Millis(0));
  for (int i = 0; i < 30'000; ++i) {
    IpAddress source = ip("10.0.0.0");
    source.octets[14] = static_cast<uint8_t>(i >> 8);
    source.octets[15] = static_cast<uint8_t>(i);
    (void)attempts.count(source, 3, Millis(0));
    if (i % 1000 == 0) (void)attempts.count(ip("192.0.2.2"), 3, Millis(0));
  }
  EXPECT_EQ(attempts.sources(), FailedAttempts::kMostSources);
  EXPECT_EQ(attempts.count(ip("192.0.2.1"), 3, Millis(0)), Millis(0));
  EXPECT_GT(attempts.count(ip("192.0.2.2"), 3, Millis(0)), Millis(0));
}

}  // namespace
}  // namespace sluice
