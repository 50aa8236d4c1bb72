#include "proxy/pacing/shared_budget.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "proxy/pacing/token_bucket.h"
#include "shared_budget_world.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr RateLimit kLimit{10, 10};
constexpr Nanos kStartUp = seconds(5);

// SLUICE_SHARED_MINUTES: how long each of the long runs takes in virtual time.
Nanos horizon(int64_t usual) {
  const char* text = std::getenv("SLUICE_SHARED_MINUTES");
  return minutes(text != nullptr ? std::atoi(text) : usual);
}

uint64_t seed() {
  const char* text = std::getenv("SLUICE_SHARED_SEED");
  return text != nullptr ? static_cast<uint64_t>(std::atoll(text)) : 1;
}

void print(const char* what, const World& world, Nanos from) {
  std::printf(
      "%-44s %6zu sent, %5.2f %% of the limit, %d refused, %d overruns, %.2f calls each, %zu slots "
      "forfeited\n",
      what, world.sent(), 100 * world.used(from, world.now()), world.rejections(kLimit), world.overruns(),
      static_cast<double>(world.calls()) / static_cast<double>(std::max<size_t>(1, world.sent())),
      world.forfeited());
}

void start_all(World& world, int64_t replicas, Load load = {}) {
  for (int64_t i = 0; i < replicas; ++i) world.start(replicas, load);
}

class SharedBudgetSaturated : public testing::TestWithParam<int64_t> {};

TEST_P(SharedBudgetSaturated, UsesTheWholeLimitWithoutARejection) {
  World world(seed());
  start_all(world, GetParam());
  world.run_for(kStartUp);
  const Nanos from = world.now();
  world.run_for(horizon(5));
  print(("saturated, replicas: " + std::to_string(GetParam())).c_str(), world, from);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
  EXPECT_GE(world.used(from, world.now()), 0.995);
  double squares = 0;
  for (size_t i = 0; i < static_cast<size_t>(GetParam()); ++i) {
    squares += static_cast<double>(world.sent(i)) * static_cast<double>(world.sent(i));
  }
  const auto sum = static_cast<double>(world.sent());
  EXPECT_GE(sum * sum / (static_cast<double>(GetParam()) * squares), 0.99);  // Jain's index
}

INSTANTIATE_TEST_SUITE_P(Replicas, SharedBudgetSaturated, testing::Values(1, 3, 8));

// What may go wrong, each on its own; all but the first few seconds count.
struct Chaos {
  const char* name;
  double least;  // share of the limit that is used all the same
  void (*arrange)(World& world, int64_t replicas, Nanos until);
};

void PrintTo(const Chaos& chaos, std::ostream* out) { *out << chaos.name; }

// Does something again and again, at times that differ by a third.
void every(World& world, Nanos period, Nanos until, std::function<void()> what) {
  const auto next = world.now() + period +
                    Nanos(static_cast<int64_t>(world.below(static_cast<uint64_t>(period.count() / 3))));
  if (next >= until) return;
  world.at(next, [&world, period, until, what = std::move(what)] {
    what();
    every(world, period, until, what);
  });
}

size_t any_alive(World& world, size_t processes) {
  size_t one = world.below(processes);
  while (!world.is_alive(one)) one = (one + 1) % processes;
  return one;
}

void kill_and_replace(World& world, int64_t replicas, Nanos until) {
  auto latest = std::make_shared<std::vector<size_t>>();
  for (size_t i = 0; i < static_cast<size_t>(replicas); ++i) latest->push_back(i);
  every(world, seconds(60), until, [&world, replicas, latest] {
    size_t& one = (*latest)[world.below(latest->size())];
    world.kill(one);
    world.at(world.now() + seconds(2), [&world, replicas, latest, &one] { one = world.start(replicas); });
  });
}

void roll(World& world, int64_t replicas, Nanos until) {
  auto latest = std::make_shared<std::vector<size_t>>();
  for (size_t i = 0; i < static_cast<size_t>(replicas); ++i) latest->push_back(i);
  every(world, seconds(30), until, [&world, replicas, latest] {
    size_t& one = (*latest)[world.below(latest->size())];
    world.leave(one);
    world.at(world.now() + seconds(2), [&world, replicas, latest, &one] { one = world.start(replicas); });
  });
}

void stop_store(World& world, int64_t, Nanos until) {
  const Nanos outage = until - world.now() >= minutes(20) ? seconds(300) : seconds(30);
  every(world, 2 * outage, until, [&world, outage] {
    world.set_store_down(true);
    world.at(world.now() + outage, [&world] { world.set_store_down(false); });
  });
}

void wipe(World& world, int64_t, Nanos until) {
  every(world, seconds(60), until, [&world] { world.wipe(world.below(2) == 0); });
}

void stop_and_wipe(World& world, int64_t, Nanos until) {
  every(world, seconds(90), until, [&world] {
    world.set_store_down(true);
    world.at(world.now() + seconds(20), [&world] {
      world.wipe(false);
      world.set_store_down(false);
    });
  });
}

void fail_over(World& world, int64_t, Nanos until) {
  every(world, seconds(45), until,
        [&world] { world.fail_over(milliseconds(100 + 100 * static_cast<int64_t>(world.below(10)))); });
}

void step(World& world, int64_t, Nanos until) {
  every(world, seconds(45), until,
        [&world] { world.step_clock(world.below(2) == 0 ? seconds(2) : -seconds(2)); });
}

void cut(World& world, int64_t replicas, Nanos until) {
  every(world, seconds(40), until, [&world, replicas] {
    const size_t one = world.below(static_cast<size_t>(replicas));
    world.cut(one, world.below(2) == 0 ? World::Cut::kBoth : World::Cut::kAnswers);
    const auto duration = Nanos(static_cast<int64_t>(world.below(30'000'000'000)));
    world.at(world.now() + duration, [&world, one] { world.cut(one, World::Cut::kNone); });
  });
}

void pause(World& world, int64_t replicas, Nanos until) {
  every(world, seconds(20), until,
        [&world, replicas] { world.stop(any_alive(world, static_cast<size_t>(replicas)), seconds(2)); });
}

void refuse(World& world, int64_t, Nanos until) {
  every(world, seconds(60), until, [&world] {
    world.refuse_calls(true);
    world.at(world.now() + seconds(20), [&world] { world.refuse_calls(false); });
  });
}

void everything(World& world, int64_t replicas, Nanos until) {
  const auto rarely = [&world, until](Nanos period, std::function<void()> what) {
    every(world, period, until, std::move(what));
  };
  rarely(seconds(200), [&world] { world.wipe(world.below(2) == 0); });
  rarely(seconds(170), [&world] { world.fail_over(milliseconds(500)); });
  rarely(seconds(230), [&world] { world.step_clock(world.below(2) == 0 ? seconds(2) : -seconds(2)); });
  rarely(seconds(110),
         [&world, replicas] { world.stop(any_alive(world, static_cast<size_t>(replicas)), seconds(2)); });
  rarely(seconds(300), [&world] {
    world.set_store_down(true);
    world.at(world.now() + seconds(30), [&world] { world.set_store_down(false); });
  });
  cut(world, replicas, until);
}

constexpr Chaos kChaos[] = {
    {"processes are killed and replaced", 0.95, kill_and_replace},
    {"processes leave and come", 0.95, roll},
    {"the store stops for 30 or 300 s", 0.95, stop_store},
    {"the store is wiped", 0.95, wipe},
    {"the store stops and is wiped", 0.93, stop_and_wipe},
    {"the store fails over and loses a second", 0.95, fail_over},
    {"the clock of the store steps by 2 s", 0.95, step},
    {"links are cut", 0.95, cut},
    {"processes are stopped for 2 s", 0.95, pause},
    {"the store refuses to write for 20 s", 0.9, refuse},
    {"everything", 0.9, everything},
};

class SharedBudgetChaos : public testing::TestWithParam<std::tuple<Chaos, int64_t>> {};

TEST_P(SharedBudgetChaos, NeverExceedsTheLimit) {
  const auto& [chaos, replicas] = GetParam();
  World world(seed());
  start_all(world, replicas);
  world.run_for(kStartUp);
  const Nanos from = world.now();
  const Nanos until = from + horizon(4);
  chaos.arrange(world, replicas, until);
  world.run_until(until);
  print((std::string(chaos.name) + ", " + std::to_string(replicas)).c_str(), world, from);
  EXPECT_EQ(world.rejections(kLimit), 0);
  EXPECT_EQ(world.overruns(), 0);
  EXPECT_EQ(world.doubled(), 0);
  EXPECT_GE(world.used(from, until), chaos.least);
}

INSTANTIATE_TEST_SUITE_P(Faults, SharedBudgetChaos,
                         testing::Combine(testing::ValuesIn(kChaos), testing::Values(3, 8)));

// --- seats and shares

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

// --- one budget, answered by hand

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
