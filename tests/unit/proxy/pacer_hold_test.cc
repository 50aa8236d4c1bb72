// What a 429 of the vendor does to those that wait, and to those that come.
#include <gtest/gtest.h>

#include "pacer_fixture.h"

namespace sluice {
namespace {

using namespace pacer_fixture;

class PacerHold : public PacerTest {};

TEST_F(PacerHold, SendsNothingDuringAHoldNotEvenInASlotThatWasReserved) {
  start({10, 10});
  spend_burst();
  std::vector<Nanos> sent;
  for (int i = 0; i < 3; ++i) {
    crowd.emplace_back([&] { sent.push_back(time.now); });
    admit(crowd.back());
  }
  pacer->reject(Millis(2'000));
  time.run_for(milliseconds(1'999));
  EXPECT_TRUE(sent.empty());
  time.run_for(milliseconds(150));
  EXPECT_EQ(sent.size(), 2u);  // one by one: a vendor that says 429 has an empty bucket
  time.run_for(milliseconds(100));
  EXPECT_EQ(sent.size(), 3u);
}

TEST_F(PacerHold, HoldsTheOtherWorkersToo) {
  start({10, 10});
  const auto other = make_pacer();
  spend_burst();
  Nanos sent{0};
  Request here([&] { sent = time.now; });
  Request there([&] { sent = time.now; });
  admit(here);
  ASSERT_EQ(other->admit(there, terms(0, Millis(9'000))).kind, Admission::Kind::kQueued);
  pacer->reject(Millis(2'000));
  time.run_for(milliseconds(1'999));
  EXPECT_EQ(here.turns + there.turns, 0);
  time.run_for(milliseconds(50));
  EXPECT_EQ(here.turns + there.turns, 1);
  time.run_for(milliseconds(150));
  EXPECT_EQ(here.turns + there.turns, 2);
}

TEST_F(PacerHold, ReckonsWithAHoldOfAnotherWorker) {
  start({10, 10});
  const auto other = make_pacer();
  spend_burst();
  Request first;
  Request second;
  admit(first);
  other->reject(Millis(8'950));
  EXPECT_EQ(admit(second).kind, Admission::Kind::kWaitTooLong);  // first goes at 8.95 s
}

TEST_F(PacerHold, PutsOneThatTheVendorRefusedBackToTheHead) {
  start({10, 10}, queue_of(2, Millis(9'000)));
  spend_burst();
  std::vector<char> order;
  Request first([&] { order.push_back('a'); });
  Request second([&] { order.push_back('b'); });
  Request refused([&] { order.push_back('r'); });
  time.now += seconds(60);
  ASSERT_EQ(admit(refused).kind, Admission::Kind::kGo);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(admit(crowd.emplace_back(), 1).kind, Admission::Kind::kGo);
  admit(first);
  admit(second);
  pacer->reject(Millis(2'000));
  EXPECT_TRUE(readmit(refused, 0));  // beyond the bound
  EXPECT_EQ(scheduler->waiting(0), 3u);
  time.run_for(seconds(3));
  EXPECT_EQ(order, (std::vector<char>{'r', 'a', 'b'}));
}

TEST_F(PacerHold, DoesNotTakeBackWhatCannotBeSentInTime) {
  start({10, 10});
  Request refused;
  ASSERT_EQ(admit(refused).kind, Admission::Kind::kGo);
  pacer->reject(Millis(9'001));
  EXPECT_FALSE(readmit(refused, 0));
  EXPECT_EQ(scheduler->waiting(), 0u);
}

TEST_F(PacerHold, TellsWhoWaitsWhenAHoldMakesTheWaitTooLong) {
  start({10, 10});
  spend_burst();
  Request patient;
  Request hurried;
  ASSERT_EQ(pacer->admit(patient, terms(0, Millis(9'000))).kind, Admission::Kind::kQueued);
  ASSERT_EQ(pacer->admit(hurried, terms(0, Millis(3'000))).kind, Admission::Kind::kQueued);
  pacer->reject(Millis(5'000));
  EXPECT_EQ(hurried.refused, 0);  // not from within the call
  time.run_for(milliseconds(1));
  EXPECT_EQ(hurried.refused, 3);  // 5.1 s less 3 s
  EXPECT_EQ(patient.refused, 0);
  time.run_for(seconds(3));
  EXPECT_EQ(pacer->admit(hurried, terms(0, Millis(3'000))).kind, Admission::Kind::kQueued);
  time.run_for(seconds(3));
  EXPECT_EQ(patient.turns, 1);
  EXPECT_EQ(hurried.turns, 1);
}

// What is promised comes before the time is over, by less for a short wait than for a long one.
TEST_F(PacerHold, AHoldRefusesAllWhoseTimeEndsBeforeItAndNobodyElse) {
  start({10, 10});
  spend_burst();
  Request longer;
  Request shorter;
  Request last;
  ASSERT_EQ(pacer->admit(longer, terms(0, Millis(5'100))).kind, Admission::Kind::kQueued);
  ASSERT_TRUE(pacer->join(shorter, terms(1, Millis(100)), time.now + Millis(4'950)));
  ASSERT_TRUE(pacer->join(last, terms(1, Millis(100)), time.now + Millis(5'000)));
  pacer->reject(Millis(5'000));
  time.run_for(milliseconds(1));
  EXPECT_EQ(longer.refused, 0);
  EXPECT_GT(shorter.refused, 0);
  EXPECT_EQ(last.refused, 0);
  EXPECT_EQ(scheduler->waiting(), 2U);
}

TEST_F(PacerHold, ATurnOnItsWayToAnotherWorkerIsRefusedWhenAHoldComes) {
  start({10, 10});
  const auto other = make_pacer();
  time.lateness = [] { return milliseconds(150); };
  spend_burst();
  Request here([&] { pacer->reject(Millis(30'000)); });
  Request there;
  ASSERT_EQ(admit(here).kind, Admission::Kind::kQueued);
  ASSERT_EQ(other->admit(there, terms(1, Millis(9'000))).kind, Admission::Kind::kQueued);
  time.run_for(milliseconds(260));  // both slots have come when the timer fires
  EXPECT_EQ(here.turns, 1);
  EXPECT_EQ(there.turns, 0);
  EXPECT_GT(there.refused, 0);
}

}  // namespace
}  // namespace sluice
