// Requests that keep a place before they can be sent: writes that are being recorded.
#include <gtest/gtest.h>

#include "pacer_fixture.h"

namespace sluice {
namespace {

using namespace pacer_fixture;

class PacerReady : public PacerTest {};

TEST_F(PacerReady, OneThatIsNotReadyKeepsItsPlaceAndHoldsNobodyUp) {
  start({10, 10});
  std::vector<char> order;
  Request slow([&] { order.push_back('s'); });
  Request next([&] { order.push_back('n'); });
  Request last([&] { order.push_back('l'); });
  PaceTerms unready = terms(0, Millis(9'000));
  unready.ready = false;
  ASSERT_EQ(pacer->admit(slow, unready).kind, Admission::Kind::kQueued);
  spend_burst();  // its slot is free for others
  admit(next);
  admit(last);
  time.run_for(milliseconds(150));
  EXPECT_FALSE(pacer->ready(slow));
  time.run_for(seconds(1));
  EXPECT_EQ(order, (std::vector<char>{'n', 's', 'l'}));
}

TEST_F(PacerReady, OneThatBecomesReadyGoesAtOnceIntoAFreeSlot) {
  start({10, 10});
  Request slow;
  PaceTerms unready = terms(0, Millis(9'000));
  unready.ready = false;
  pacer->admit(slow, unready);
  EXPECT_TRUE(pacer->ready(slow));
  EXPECT_EQ(scheduler->waiting(), 0u);
  pacer->leave(slow);  // no-op
}

TEST_F(PacerReady, OneThatAHoldRefusedMayStillSayThatItIsReady) {
  start({10, 10});
  Request write;
  Request read;
  PaceTerms unready = terms(0, Millis(9'000));
  unready.ready = false;
  ASSERT_EQ(pacer->admit(write, unready).kind, Admission::Kind::kQueued);
  pacer->reject(Millis(30'000));
  EXPECT_FALSE(pacer->ready(write));
  time.run_for(milliseconds(1));
  EXPECT_GT(write.refused, 0);
  EXPECT_EQ(write.turns, 0);
  time.run_for(seconds(60));
  EXPECT_EQ(admit(read).kind, Admission::Kind::kGo);
}

TEST_F(PacerReady, AFreeSlotLetsOneUnreadyRequestInNotAll) {
  start({10, 10}, queue_of(20, Millis(9'000)));
  PaceTerms unready = terms(0, Millis(9'000));
  unready.ready = false;
  for (int i = 0; i < 200; ++i) pacer->admit(crowd.emplace_back(), unready);
  EXPECT_EQ(scheduler->waiting(), 20u);
}

}  // namespace
}  // namespace sluice
