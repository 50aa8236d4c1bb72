#include "proxy/gate/certificate_ends.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr int64_t kDayInSeconds = 24 * 3600;
constexpr int64_t kNow = 1'800'000'000;

TEST(CertificateEnds, WarnsOfWhatHasEndedOrEndsWithinFourteenDays) {
  EXPECT_EQ(warn_of_end(kNow - 1, kNow), "certificate has expired");
  EXPECT_EQ(warn_of_end(kNow, kNow), "certificate has expired");
  EXPECT_EQ(warn_of_end(kNow + 1, kNow), "certificate expires soon");
  EXPECT_EQ(warn_of_end(kNow + 14 * kDayInSeconds - 1, kNow), "certificate expires soon");
  EXPECT_EQ(warn_of_end(kNow + 14 * kDayInSeconds, kNow), "");
}

}  // namespace
}  // namespace sluice
