#include "proxy/pacing/token_bucket.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr Nanos kStart = seconds(1'000);

int burst_when_idle(RateLimit limit) {
  TokenBucket bucket(limit, kStart);
  const Nanos now = kStart + seconds(100'000);
  int count = 0;
  while (bucket.take(now) == now) ++count;
  return count;
}

TEST(TokenBucket, SendsALittleSlowerThanTheVendorAllows) {
  EXPECT_EQ(TokenBucket({10, 10}, kStart).interval(), std::chrono::microseconds(100'200));
  EXPECT_EQ(TokenBucket({0.5, 10}, kStart).interval(), std::chrono::milliseconds(2'004));
}

TEST(TokenBucket, KeepsAPartOfTheVendorsBucketForJitter) {
  EXPECT_EQ(burst_when_idle({10, 10}), 5);
  EXPECT_EQ(burst_when_idle({10, 20}), 15);
  EXPECT_EQ(burst_when_idle({0.5, 10}), 9);
  EXPECT_EQ(burst_when_idle({1000, 1000}), 547);
}

TEST(TokenBucket, LetsFiveGoAtOnceWhenIdleOrAllOfASmallerBucket) {
  EXPECT_EQ(burst_when_idle({10, 6}), 5);
  EXPECT_EQ(burst_when_idle({10, 5}), 5);
  EXPECT_EQ(burst_when_idle({10, 3}), 3);
  EXPECT_EQ(burst_when_idle({10, 2.9}), 2);
  EXPECT_EQ(burst_when_idle({10, 1}), 1);
}

TEST(TokenBucket, StaysWithinTheVendorsToleranceWithEveryLatenessAdded) {
  for (const double rate : {0.1, 1.0, 7.5, 10.0, 250.0}) {
    for (const double burst : {10.0, 15.0, 64.0, 1'000.0}) {
      const TokenBucket bucket({rate, burst}, kStart);
      if (bucket.tolerance() <= 4 * bucket.interval()) continue;  // the least burst, whatever the jitter
      EXPECT_LE((bucket.tolerance() + kSlotLife + kNetworkJitter).count(), (burst - 1) / rate * 1e9);
    }
  }
}

TEST(TokenBucket, CountsAsSpentAtTheStart) {
  TokenBucket bucket({10, 10}, kStart);
  const Nanos first = bucket.take(kStart);
  EXPECT_GE(first, kStart + std::chrono::milliseconds(500));
  EXPECT_LE(first, kStart + std::chrono::milliseconds(600));
  EXPECT_EQ(bucket.take(kStart) - first, bucket.interval());
}

TEST(TokenBucket, KeepsItsScheduleWhenItIsAskedLate) {
  TokenBucket bucket({10, 10}, kStart);
  const Nanos first = bucket.take(kStart);
  const Nanos late = first + std::chrono::milliseconds(150);
  EXPECT_EQ(bucket.take(late), late);  // the second slot was due before
  EXPECT_EQ(bucket.take(late), first + 2 * bucket.interval());
}

TEST(TokenBucket, ForeseesTheSlotsThatItWillGive) {
  TokenBucket bucket({10, 10}, kStart);
  for (const Nanos now : {kStart, kStart + seconds(2), kStart + seconds(60)}) {
    std::vector<Nanos> foreseen;
    for (uint64_t ahead = 0; ahead < 30; ++ahead) foreseen.push_back(bucket.expected(now, ahead));
    for (const Nanos slot : foreseen) EXPECT_EQ(bucket.take(now), slot);
  }
}

TEST(TokenBucket, GivesNothingBeforeAHoldEndsAndNoBurstThen) {
  TokenBucket bucket({10, 10}, kStart);
  const Nanos now = kStart + seconds(60);
  bucket.reject(now, now + seconds(3));
  EXPECT_EQ(bucket.take(now), now + seconds(3));
  EXPECT_EQ(bucket.take(now + seconds(3)), now + seconds(3) + bucket.interval());
}

TEST(TokenBucket, IsNotShortenedByASecondHold) {
  TokenBucket bucket({10, 10}, kStart);
  const Nanos now = kStart + seconds(60);
  bucket.reject(now, now + seconds(30));
  bucket.reject(now, now + seconds(1));
  EXPECT_EQ(bucket.take(now), now + seconds(30));
}

TEST(TokenBucket, DoesNotOverflowAtTheEndsOfItsRange) {
  for (const RateLimit limit : {RateLimit{1e-300, 1e300}, RateLimit{1e300, 1e300}, RateLimit{1e9, 0.1}}) {
    TokenBucket bucket(limit, kStart);
    const Nanos slot = bucket.take(kStart);
    EXPECT_GE(slot, kStart);
    EXPECT_GE(bucket.expected(kStart, 1'000), slot);
    EXPECT_GE(bucket.expected(kStart, 1'000'000'000'000), slot);
  }
}

}  // namespace
}  // namespace sluice
