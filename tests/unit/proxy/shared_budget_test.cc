// Who gets which part of a limit that replicas share.
#include "proxy/pacing/shared_budget.h"

#include <gtest/gtest.h>

#include <cmath>

#include "proxy/pacing/token_bucket.h"
#include "shared_runs.h"

namespace sluice {
namespace {

using namespace shared_runs;

using Standing = SharedBudget::Standing;

// Everybody has a seat and the schedule is under way.
void run_in(World& world, int64_t replicas, Load load = {}) {
  start_all(world, replicas, load);
  world.run_for(kStartUp);
}

double rate(const World& world, Nanos from) {
  return static_cast<double>(world.sent_between(from, world.now())) /
         std::chrono::duration<double>(world.now() - from).count();
}

TEST(SharedBudget, SharesByTheWeightOfThoseThatWait) {
  World world(seed());
  for (const double weight : {1.0, 1.0, 2.0}) world.start(3, {-1, weight});
  world.run_for(minutes(10));
  print("weights 1, 1, 2", world, world.now() - minutes(9));
  const auto sum = static_cast<double>(world.sent());
  EXPECT_NEAR(static_cast<double>(world.sent(0)) / sum, 0.25, 0.25 * 0.05);
  EXPECT_NEAR(static_cast<double>(world.sent(1)) / sum, 0.25, 0.25 * 0.05);
  EXPECT_NEAR(static_cast<double>(world.sent(2)) / sum, 0.5, 0.5 * 0.05);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
}

TEST(SharedBudget, GivesWhatOthersDoNotUseToTheOneThatAsks) {
  World world(seed());
  world.start(3);
  world.start(3, {0, 1});
  world.start(3, {0, 1});
  world.run_for(kStartUp);
  const Nanos from = world.now();
  world.run_for(minutes(5));
  print("one asks, two are idle", world, from);
  EXPECT_GE(rate(world, from), 9.95);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
}

TEST(SharedBudget, SendsNothingBeforeItHasReachedTheStore) {
  World world(seed());
  world.set_store_down(true);
  const size_t one = world.start(3);
  world.run_for(minutes(5));
  EXPECT_EQ(world.sent(), 0U);
  EXPECT_EQ(world.budget(one).standing(world.now()), Standing::kNeverReached);
  EXPECT_EQ(world.budget(one).expected_slot(world.now(), 0), Nanos::max());
}

TEST(SharedBudget, KeepsTheSharesOfSeatsThatNobodyKnowsForTwoMinutes) {
  World world(seed());
  world.start(3);
  world.run_for(kStartUp);
  Nanos from = world.now();
  world.run_for(seconds(100));
  EXPECT_NEAR(rate(world, from), 10.0 / 3, 0.1);
  world.run_for(seconds(20));
  from = world.now();
  world.run_for(seconds(100));
  EXPECT_NEAR(rate(world, from), 10.0, 0.1);
}

TEST(SharedBudget, LeavesItsShareToTheOthersWhenItLeaves) {
  World world(seed());
  run_in(world, 3);
  world.leave(1);
  world.run_for(seconds(2));
  EXPECT_TRUE(world.budget(1).has_left());
  const Nanos from = world.now();
  world.run_for(seconds(100));
  EXPECT_NEAR(rate(world, from), 10.0, 0.1);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
}

TEST(SharedBudget, KeepsTheShareOfOneThatDiedUntilAnotherTakesItsSeat) {
  World world(seed());
  run_in(world, 3);
  world.kill(1);
  world.run_for(seconds(5));
  Nanos from = world.now();
  world.run_for(minutes(5));
  EXPECT_NEAR(rate(world, from), 10.0 * 2 / 3, 0.1);
  const size_t heir = world.start(3);
  world.run_for(seconds(5));
  from = world.now();
  world.run_for(minutes(5));
  EXPECT_NEAR(rate(world, from), 10.0, 0.1);
  EXPECT_NEAR(static_cast<double>(world.sent(heir)), 1'000, 60);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
}

TEST(SharedBudget, GivesANewcomerTheSeatThatWasLeftNotThatOfOneThatIsCutOff) {
  World world(seed());
  run_in(world, 3);
  world.cut(1, World::Cut::kBoth);
  world.run_for(seconds(5));
  world.leave(2);
  world.run_for(seconds(1));
  world.start(3);
  world.run_for(seconds(5));
  const Nanos from = world.now();
  world.run_for(minutes(2));
  EXPECT_NEAR(rate(world, from), 10.0, 0.1);  // two thirds of the two, and one of the one that is alone
  EXPECT_EQ(world.overruns(), 0);
}

TEST(SharedBudget, MakesNoUseOfABurstOnceMoreWhenItComesBack) {
  for (const int64_t replicas : {1, 3}) {
    World world(seed());
    run_in(world, replicas, {0, 1});
    world.run_for(seconds(10));
    for (size_t i = 0; i < static_cast<size_t>(replicas); ++i) world.set_load(i, {});  // the burst is used
    world.run_for(seconds(5));
    world.set_store_down(true);
    world.run_for(seconds(10));
    world.set_store_down(false);
    world.run_for(seconds(5));
    EXPECT_EQ(world.overruns(), 0);
  }
}

TEST(SharedBudget, GivesNothingToMoreProcessesThanThereAreSeats) {
  World world(seed());
  run_in(world, 3);
  const size_t fourth = world.start(3);
  world.run_for(minutes(2));
  EXPECT_EQ(world.budget(fourth).standing(world.now()), Standing::kNoSeat);
  EXPECT_EQ(world.budget(fourth).expected_slot(world.now(), 0), Nanos::max());
  EXPECT_EQ(world.sent(fourth), 0U);
  world.set_store_down(true);  // then it does not go on alone either
  world.run_for(minutes(2));
  EXPECT_EQ(world.sent(fourth), 0U);
  world.set_store_down(false);
  world.run_for(seconds(10));
  world.kill(0);
  world.run_for(seconds(5));
  EXPECT_EQ(world.budget(fourth).standing(world.now()), Standing::kSharing);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
}

TEST(SharedBudget, GoesOnWithItsShareWhenTheStoreIsSilentAndComesBack) {
  for (const int64_t replicas : {1, 3, 8}) {
    World world(seed());
    run_in(world, replicas);
    world.set_store_down(true);
    world.run_for(seconds(3));
    EXPECT_EQ(world.budget(0).standing(world.now()), Standing::kAlone);
    Nanos from = world.now();
    world.run_for(minutes(5));
    print(("the store is down, replicas: " + std::to_string(replicas)).c_str(), world, from);
    EXPECT_GE(world.used(from, world.now()), 0.99);
    for (size_t i = 0; i < static_cast<size_t>(replicas); ++i) {
      EXPECT_NEAR(static_cast<double>(world.sent(i)) / static_cast<double>(world.sent()),
                  1.0 / static_cast<double>(replicas), 0.02);
    }
    world.set_store_down(false);
    world.run_for(seconds(3));
    EXPECT_EQ(world.budget(0).standing(world.now()), Standing::kSharing);
    from = world.now();
    world.run_for(minutes(1));
    EXPECT_GE(world.used(from, world.now()), 0.99);
    EXPECT_EQ(world.rejections(kLimit), 0);
    EXPECT_EQ(world.overruns(), 0);
  }
}

// Twenty that wake up on their own, each with a place of its own: never two at once.
TEST(SharedBudget, KeepsItsPlaceInTheTimetableWhenAllAreAlone) {
  World world(seed(), kLimit, Millis(20));
  start_all(world, 20);
  world.run_for(seconds(10));
  world.set_store_down(true);
  world.run_for(minutes(10));
  EXPECT_GE(world.used(world.now() - minutes(5), world.now()), 0.99);
  EXPECT_EQ(world.rejections({10, 5}), 0);
}

TEST(SharedBudget, HoldsToTheLowestOfDifferentLimits) {
  World world(seed(), {5, 10});
  world.start(3, {}, {10, 20});
  world.start(3, {}, {5, 10});
  world.start(3, {}, {10, 10});
  world.run_for(minutes(2));
  world.cut(0, World::Cut::kBoth);  // alone it keeps to what it has learnt
  world.run_for(minutes(2));
  print("limits 10, 5 and 10 a second", world, world.now() - minutes(1));
  EXPECT_EQ(world.rejections({5, 10}), 0);
  EXPECT_LE(world.sent(), 1'240U);
  world.leave(1);
  world.cut(0, World::Cut::kNone);
  world.run_for(seconds(10));
  const Nanos from = world.now();
  world.run_for(minutes(2));
  EXPECT_GE(rate(world, from), 9.9);  // the one with the lowest has gone
}

TEST(SharedBudget, HasRoomForAsManyAsTheLargestConfigurationSays) {
  World world(seed());
  run_in(world, 2);
  for (int i = 0; i < 2; ++i) world.start(4);
  world.run_for(seconds(10));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(world.budget(i).standing(world.now()), Standing::kSharing);
  const Nanos from = world.now();
  world.run_for(minutes(5));
  EXPECT_GE(world.used(from, world.now()), 0.995);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
}

TEST(SharedBudget, TellsTheOthersOfTheVendorsHold) {
  World world(seed());
  run_in(world, 3);
  world.reject(1, seconds(5));
  const Nanos from = world.now() + milliseconds(300);  // a heartbeat
  world.run_for(milliseconds(2'000));
  const size_t heir = world.start(4);
  world.run_for(milliseconds(2'990));
  EXPECT_EQ(world.sent_between(from, world.now()), 0U);
  for (const size_t one : {size_t{0}, size_t{1}, size_t{2}, heir}) {
    EXPECT_NEAR(static_cast<double>((world.budget(one).held_until() - from).count()) / 1e6, 4'700, 20);
  }
  world.run_for(seconds(10));
  EXPECT_NEAR(rate(world, world.now() - seconds(8)), 10.0, 0.3);  // once: only the burst is gone
}

TEST(SharedBudget, SlowsAllDownWhenTheVendorRejectsTwice) {
  constexpr RateLimit kFast{100, 100};
  World world(seed(), kFast);
  for (int i = 0; i < 3; ++i) world.start(3);
  world.run_for(seconds(10));
  world.reject(1, milliseconds(200));
  world.run_for(seconds(5));
  EXPECT_NEAR(rate(world, world.now() - seconds(3)), 100, 2);
  world.reject(2, milliseconds(200));
  world.run_for(milliseconds(400));
  const Nanos slow = world.now();
  std::vector<size_t> before;
  for (size_t i = 0; i < 3; ++i) before.push_back(world.sent(i));
  world.run_for(seconds(1));
  EXPECT_LE(rate(world, slow), 85);
  EXPECT_GE(rate(world, slow), 65);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(static_cast<double>(world.sent(i) - before[i]), 26, 8);
  world.run_for(seconds(10));
  EXPECT_NEAR(rate(world, world.now() - seconds(3)), 100, 2);
}

TEST(SharedBudget, GivesTheFirstOfABurstItsSlotAfterOneRoundTrip) {
  World world(seed());
  run_in(world, 3, {0, 1});
  world.run_for(seconds(10));
  for (int i = 0; i < 50; ++i) {
    SharedBudget& budget = world.budget(world.below(3));
    EXPECT_EQ(budget.expected_slot(world.now(), 0), world.now());
    EXPECT_EQ(budget.take_slot(world.now()), std::nullopt);
    budget.set_demand(4, 1);
    world.run_for(milliseconds(120));  // the round trip, even if it is a slow one
    for (int taken = 0; taken < 4; ++taken) {
      const auto slot = budget.take_slot(world.now());
      ASSERT_TRUE(slot.has_value()) << i << " " << taken;
      EXPECT_LE(slot->from, world.now());
    }
    budget.set_demand(0, 0);
    world.run_for(seconds(2));
  }
}

TEST(SharedBudget, NeverWaitsLongerForASlotThanItForesees) {
  for (const int64_t replicas : {1, 3, 8}) {
    World world(seed());
    run_in(world, replicas);
    struct Promise {
      size_t process, place;
      Nanos at;
    };
    std::vector<Promise> promises;
    for (int i = 0; i < 2'000; ++i) {
      const size_t process = world.below(static_cast<uint64_t>(replicas));
      const size_t ahead = world.below(30);
      // One is in the hand of the pacer.
      promises.push_back({process, world.sent(process) + 1 + ahead,
                          world.budget(process).expected_slot(world.now(), ahead)});
      world.run_for(Nanos(static_cast<int64_t>(world.below(100'000'000))));
    }
    world.run_for(minutes(1));
    int late = 0;
    Nanos worst{0};
    for (const Promise& promise : promises) {
      const Nanos sent = world.departures(promise.process).at(promise.place);
      late += sent > promise.at + kSlotLife ? 1 : 0;
      worst = std::max(worst, sent - promise.at);
    }
    std::printf("foreseen by %lld: %d of 2000 later than foreseen, by %lld ms at most\n",
                static_cast<long long>(replicas), late, static_cast<long long>(worst.count() / 1'000'000));
    EXPECT_LE(late, 4);
  }
}

// Nobody has a slot at first, and everybody asks: one call of so many takes the store a millisecond and a
// half.
TEST(SharedBudget, ManyThatAskInVainDoNotKeepTheStoreBusy) {
  World world(seed());
  start_all(world, 300);
  world.run_for(seconds(5));
  const size_t before = world.calls();
  world.run_for(seconds(5));
  EXPECT_LE(world.calls() - before, 5U * 400);
}

// SLUICE_SHARED_REPLICAS: 1000 takes a minute.
TEST(SharedBudget, IsSharedByFifty) {
  const char* text = std::getenv("SLUICE_SHARED_REPLICAS");
  const int64_t replicas = text != nullptr ? std::atoi(text) : 50;
  World world(seed());
  start_all(world, replicas);
  const Nanos lead = milliseconds(102) * replicas;
  world.run_for(lead + seconds(30));
  const Nanos from = world.now();
  world.run_for(lead + seconds(10));
  print(("replicas: " + std::to_string(replicas)).c_str(), world, from);
  EXPECT_GE(world.used(from, world.now()), 0.98);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
}

}  // namespace
}  // namespace sluice
