// One budget of a shared limit, answered by hand.
#include "proxy/pacing/shared_budget.h"

#include <gtest/gtest.h>

#include "proxy/pacing/token_bucket.h"
#include "shared_runs.h"

namespace sluice {
namespace {

using namespace shared_runs;
using Standing = SharedBudget::Standing;

class ByHand : public testing::Test, public ReservationStore {
 protected:
  static constexpr int64_t kStore = 1'760'000'000'000'000;

  void call(StoreClient&, const ReservationCall& call) override { calls.push_back(call); }
  void wake(StoreClient&) override { ++wakes; }

  // Connected, seated, and asking for slots.
  void start() {
    budget.on_up(now, false);
    budget.on_time(now);
    answer({}, milliseconds(1));
    budget.set_demand(5, 1);
    budget.on_time(now);
  }

  void answer(std::vector<int64_t> slots, Nanos trip, int64_t store = kStore) {
    now += trip;
    ReservationReply reply;
    reply.now = store;
    reply.generation = 1;
    reply.schedule = store;
    reply.interval = Micros(100'200);
    reply.seats = 3;
    reply.seat = 1;
    reply.lead = Micros(650'000);
    reply.heartbeat = Micros(1'000'000);
    reply.quota = 2;
    std::copy(slots.begin(), slots.end(), reply.slots.begin());
    reply.slot_count = slots.size();
    budget.on_reply(now, reply);
  }

  Nanos now = seconds(1'000);
  std::vector<ReservationCall> calls;
  int wakes = 0;
  SharedBudget budget{{kLimit, 3, "process", "api"}, *this, now};
};

TEST_F(ByHand, IsNeverEarlyAndEndsItsSlotsInTimeHoweverLongTheAnswerTook) {
  start();
  ASSERT_EQ(calls.size(), 2U);
  const Nanos sent = now;
  answer({kStore, kStore + 300'000}, milliseconds(40));
  const auto first = budget.take_slot(now);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->from, sent + milliseconds(40));
  EXPECT_EQ(first->until, sent + kSlotLife);
  const auto second = budget.take_slot(now);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->from, sent + milliseconds(340));
  EXPECT_EQ(second->until, sent + milliseconds(300) + kSlotLife);
}

TEST_F(ByHand, ForgetsSlotsThatHavePassedOrAreHeld) {
  start();
  answer({kStore, kStore + 300'000, kStore + 900'000}, milliseconds(1));
  now += milliseconds(250);
  budget.reject(now, now + milliseconds(500));
  const auto slot = budget.take_slot(now);
  ASSERT_TRUE(slot.has_value());
  EXPECT_GE(slot->from, now + milliseconds(500));
  EXPECT_EQ(budget.take_slot(now), std::nullopt);
}

TEST_F(ByHand, HasNoUseForAnAnswerThatTookLongerThanItsSlotsLive) {
  start();
  answer({kStore}, kSlotLife + milliseconds(1));
  EXPECT_EQ(budget.take_slot(now), std::nullopt);
}

TEST_F(ByHand, SaysWhenTheStoreMayAnswerAtTheLatest) {
  start();
  const ReservationCall& call = calls.back();
  EXPECT_EQ(call.latest, kStore + 100'000);
  EXPECT_EQ(call.earliest, kStore - 20'000);
  EXPECT_EQ(call.want, 5);
  EXPECT_EQ(call.generation, 1);
}

TEST_F(ByHand, GoesOnAloneOnlyWhenNobodyElseHasItsPlaces) {
  start();
  const Nanos sent = now;
  now += milliseconds(60);
  budget.on_down(now);
  const Nanos alone = sent + kCallLife + milliseconds(1'000) + milliseconds(650) + Micros(100'200);
  EXPECT_EQ(budget.standing(alone - Nanos(1)), Standing::kSilent);
  EXPECT_EQ(budget.take_slot(alone - Nanos(1)), std::nullopt);
  EXPECT_EQ(budget.standing(alone), Standing::kAlone);
  Nanos last = Nanos::min();
  for (int i = 0; i < 10; ++i) {
    const auto slot = budget.take_slot(alone);
    ASSERT_TRUE(slot.has_value());
    EXPECT_GE(slot->from, alone);
    const int64_t time = kStore + (slot->from - sent).count() / 1'000;
    const auto place = std::llround(static_cast<double>(time) / 100'200);
    EXPECT_EQ(place % 3, 1);
    EXPECT_NEAR(static_cast<double>(time), static_cast<double>(place) * 100'200, 2);
    if (i > 0) {
      EXPECT_NEAR(static_cast<double>((slot->from - last).count()), 300'600'000.0, 2'000);
    }
    last = slot->from;
  }
  // When it is back it says, once, how far it has gone.
  budget.on_up(alone, true);
  budget.on_time(alone);
  EXPECT_EQ(calls.back().paid, kStore + (last - sent).count() / 1'000 + 1);
  now = alone;
  answer({}, milliseconds(1));
  budget.on_time(now);
  EXPECT_EQ(calls.back().paid, 0);
}

TEST_F(ByHand, WaitsAfterAConnectionToAnotherServerButNotToTheSame) {
  start();
  answer({}, milliseconds(1));
  budget.on_down(now);
  budget.on_up(now, true);
  const size_t before = calls.size();
  budget.on_time(now + milliseconds(1));
  EXPECT_EQ(calls.size(), before + 1);
  budget.on_down(now);
  budget.on_up(now, false);
  budget.on_time(now + milliseconds(650));
  EXPECT_EQ(calls.size(), before + 1);
  budget.on_time(now + milliseconds(852));
  EXPECT_EQ(calls.size(), before + 2);
}

// An answer that comes meanwhile gives it neither slots nor its seat back.
TEST_F(ByHand, LeavesOnce) {
  start();
  budget.leave();
  budget.on_time(now);
  ASSERT_EQ(calls.size(), 2U);  // the one that is on its way
  answer({kStore}, milliseconds(1));
  EXPECT_EQ(budget.take_slot(now), std::nullopt);
  EXPECT_FALSE(budget.has_left());
  budget.on_time(now);
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls.back().kind, ReservationCall::Kind::kLeave);
  EXPECT_EQ(calls.back().want, 0);
  answer({}, milliseconds(1));
  EXPECT_TRUE(budget.has_left());
  budget.on_time(now + seconds(1));
  EXPECT_EQ(calls.size(), 3U);
}

TEST_F(ByHand, TakesARefusedCallForOneThatWasNotMade) {
  start();
  const Nanos first = now;
  answer({}, milliseconds(1));
  const Nanos alone = first + kCallLife + milliseconds(1'650) + Micros(100'200);
  now += seconds(1);
  budget.on_time(now);
  budget.on_refused(now);
  budget.on_down(now);
  EXPECT_EQ(budget.standing(alone), Standing::kAlone);
}

}  // namespace
}  // namespace sluice
