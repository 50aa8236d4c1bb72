// Replicas that share one limit, for long, whatever goes wrong.
#include "proxy/pacing/shared_budget.h"

#include <gtest/gtest.h>

#include "proxy/pacing/token_bucket.h"
#include "shared_runs.h"

namespace sluice {
namespace {

using namespace shared_runs;

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
  // A step of the clock takes a part of the burst from the pool for each seat, and gives it back once that is
  // heard: then a slot comes an interval earlier.
  EXPECT_LE(world.doubled(), world.steps() * static_cast<int>(replicas));
  EXPECT_GE(world.used(from, until), chaos.least);
}

INSTANTIATE_TEST_SUITE_P(Faults, SharedBudgetChaos,
                         testing::Combine(testing::ValuesIn(kChaos), testing::Values(3, 8)));

}  // namespace
}  // namespace sluice
