#include "proxy/pacing/feedback.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::system_clock;

// Sun, 06 Nov 1994 08:49:37 GMT
const system_clock::time_point kNow = system_clock::from_time_t(784'111'777);

Millis pause(std::string_view retry_after) { return retry_pause(retry_after, kNow); }

TEST(Feedback, ObeysADelayInSeconds) {
  EXPECT_EQ(pause("7"), Millis(7'000));
  EXPECT_EQ(pause(" 7\t"), Millis(7'000));
  EXPECT_EQ(pause("007"), Millis(7'000));
}

TEST(Feedback, ObeysADateInEachOfTheThreeForms) {
  EXPECT_EQ(pause("Sun, 06 Nov 1994 08:49:57 GMT"), Millis(20'000));
  EXPECT_EQ(pause("Sunday, 06-Nov-94 08:49:57 GMT"), Millis(20'000));
  EXPECT_EQ(pause("Sun Nov  6 08:49:57 1994"), Millis(20'000));
}

TEST(Feedback, DoesNotEndBeforeTheDateWithinItsSecond) {
  EXPECT_EQ(retry_pause("Sun, 06 Nov 1994 08:49:57 GMT", kNow + std::chrono::microseconds(400)),
            Millis(20'000));
  EXPECT_EQ(retry_pause("Sun, 06 Nov 1994 08:49:57 GMT", kNow + Millis(400)), Millis(19'600));
}

TEST(Feedback, PausesASecondWithoutAnythingToRead) {
  for (const std::string_view text :
       {"", " ", "soon", "1.5", "-3", "+3", "3s", "0x10", "1 2", "Sun, 06 Nov 1994",
        "Sun, 06 Nov 1994 08:49:57 CET", "Sun, 99 Nov 1994 08:49:57 GMT"}) {
    EXPECT_EQ(pause(text), Millis(1'000)) << text;
  }
}

TEST(Feedback, KeepsThePauseBetweenASecondAndFiveMinutes) {
  EXPECT_EQ(pause("0"), Millis(1'000));
  EXPECT_EQ(pause("300"), Millis(300'000));
  EXPECT_EQ(pause("301"), Millis(300'000));
  EXPECT_EQ(pause("9223372036854775807"), Millis(300'000));
  EXPECT_EQ(pause("99999999999999999999999999"), Millis(300'000));
  EXPECT_EQ(pause("Sun, 06 Nov 1994 08:00:00 GMT"), Millis(1'000));
  EXPECT_EQ(pause("Fri, 31 Dec 9999 23:59:59 GMT"), Millis(300'000));
  EXPECT_EQ(pause("Mon, 01 Jan 0001 00:00:00 GMT"), Millis(1'000));
}

TEST(Feedback, IsNotMisledByHostileText) {
  using namespace std::string_view_literals;
  EXPECT_EQ(pause("Sun, 06 Nov 1994 08:49:57 GMT\0"sv), Millis(1'000));
  EXPECT_EQ(pause("7\0"sv), Millis(1'000));
  EXPECT_EQ(pause(std::string(1'000'000, '9')), Millis(1'000));
  EXPECT_EQ(pause("\xff\xfe"sv), Millis(1'000));
}

}  // namespace
}  // namespace sluice
