#include "proxy/net/tls_tickets.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Nanos kStart = hours(1000);

TEST(TicketKeys, SealWithANewKeyEveryHour) {
  TicketKeys keys;
  const TicketKeys::Key first = keys.sealing(kStart);
  EXPECT_EQ(keys.sealing(kStart + minutes(59)).name, first.name);
  const TicketKeys::Key second = keys.sealing(kStart + hours(1));
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.cipher, first.cipher);
  EXPECT_NE(second.mac, first.mac);
  EXPECT_EQ(keys.sealing(kStart + minutes(119)).name, second.name);
}

TEST(TicketKeys, OpenWithOlderKeysAndAskForARenewal) {
  TicketKeys keys;
  const TicketKeys::Key first = keys.sealing(kStart);
  auto opened = keys.opening(first.name, kStart + minutes(59));
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->renew);
  EXPECT_EQ(opened->key.cipher, first.cipher);
  EXPECT_EQ(opened->key.mac, first.mac);
  opened = keys.opening(first.name, kStart + hours(1));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->renew);
  keys.sealing(kStart + hours(1));
  keys.sealing(kStart + hours(2));
  opened = keys.opening(first.name, kStart + minutes(179));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->key.cipher, first.cipher);
}

TEST(TicketKeys, ForgetAKeyAfterThreeHours) {
  TicketKeys keys;
  const TicketKeys::Key first = keys.sealing(kStart);
  EXPECT_FALSE(keys.opening(first.name, kStart + hours(3)));
  keys.sealing(kStart + hours(3));  // drops it
  EXPECT_FALSE(keys.opening(first.name, kStart + minutes(1)));
}

TEST(TicketKeys, KnowOnlyTheirOwn) {
  TicketKeys keys, others;
  EXPECT_FALSE(keys.opening(others.sealing(kStart).name, kStart));
}

}  // namespace
}  // namespace sluice
