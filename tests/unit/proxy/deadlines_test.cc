#include "proxy/net/deadlines.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "proxy/net/event_loop.h"

namespace sluice {
namespace {

struct Alarm final : DeadlineObserver {
  explicit Alarm(EventLoop& event_loop) : loop(event_loop), deadline(*this) {}
  void on_deadline() override {
    ++count;
    fired_at = loop.now();
    if (then) then();
  }
  EventLoop& loop;
  Deadline deadline;
  int count = 0;
  Millis fired_at{0};
  std::function<void()> then;
};

void run_until(EventLoop& loop, const std::function<bool()>& done) {
  const Millis give_up = loop.now() + Millis(5000);
  while (!done() && loop.now() < give_up) uv_run(loop.uv(), UV_RUN_ONCE);
  ASSERT_TRUE(done());
}

TEST(Deadlines, FireNeverEarlyAndOnce) {
  EventLoop loop;
  Alarm alarm(loop);
  const Millis start = loop.now();
  alarm.deadline.set(loop.deadlines(), Millis(50));
  run_until(loop, [&] { return alarm.count > 0; });
  EXPECT_GE(alarm.fired_at - start, Millis(50));
  EXPECT_FALSE(alarm.deadline.is_set());
  Alarm later(loop);
  later.deadline.set(loop.deadlines(), Millis(40));
  run_until(loop, [&] { return later.count > 0; });
  EXPECT_EQ(alarm.count, 1);
}

TEST(Deadlines, CanBeMovedBothWays) {
  EventLoop loop;
  Alarm later(loop), sooner(loop);
  const Millis start = loop.now();
  later.deadline.set(loop.deadlines(), Millis(20));
  later.deadline.set(loop.deadlines(), Millis(120));
  sooner.deadline.set(loop.deadlines(), Millis(100'000));
  sooner.deadline.set(loop.deadlines(), Millis(20));
  run_until(loop, [&] { return sooner.count > 0; });
  EXPECT_EQ(later.count, 0);
  run_until(loop, [&] { return later.count > 0; });
  EXPECT_GE(later.fired_at - start, Millis(120));
}

TEST(Deadlines, ThatAreClearedNeverFireAndLetTheWheelComeToRest) {
  EventLoop loop;
  Alarm near(loop), far(loop);
  near.deadline.set(loop.deadlines(), Millis(20));
  far.deadline.set(loop.deadlines(), Millis(600'000));
  near.deadline.clear();
  far.deadline.clear();
  EXPECT_FALSE(near.deadline.is_set());
  EXPECT_NE(uv_backend_timeout(loop.uv()), -1);
  Alarm other(loop);
  other.deadline.set(loop.deadlines(), Millis(60));
  run_until(loop, [&] { return other.count > 0; });
  EXPECT_EQ(near.count, 0);
  EXPECT_EQ(far.count, 0);
}

TEST(Deadlines, ThatWereClearedCanBeSetAgainSoonerAndLater) {
  EventLoop loop;
  Alarm alarm(loop);
  const Millis start = loop.now();
  alarm.deadline.set(loop.deadlines(), Millis(600'000));
  alarm.deadline.clear();
  alarm.deadline.set(loop.deadlines(), Millis(30));
  run_until(loop, [&] { return alarm.count > 0; });
  EXPECT_GE(alarm.fired_at - start, Millis(30));
  const Millis again = loop.now();
  alarm.deadline.set(loop.deadlines(), Millis(20));
  alarm.deadline.clear();
  alarm.deadline.set(loop.deadlines(), Millis(90));
  run_until(loop, [&] { return alarm.count > 1; });
  EXPECT_GE(alarm.fired_at - again, Millis(90));
}

TEST(Deadlines, LeaveTheLoopToSleepWhenNoneIsLeft) {
  EventLoop loop;
  {
    Alarm gone(loop);
    gone.deadline.set(loop.deadlines(), Millis(20));
    gone.deadline.clear();
    const Millis give_up = loop.now() + Millis(5'000);
    while (uv_backend_timeout(loop.uv()) != -1 && loop.now() < give_up) uv_run(loop.uv(), UV_RUN_ONCE);
    EXPECT_EQ(uv_backend_timeout(loop.uv()), -1);
  }
  Alarm alarm(loop);
  alarm.deadline.set(loop.deadlines(), Millis(20));
  run_until(loop, [&] { return alarm.count > 0; });
}

TEST(Deadlines, WorkBeyondOneRoundOfTheWheel) {
  EventLoop loop;
  Alarm far(loop), near(loop);
  far.deadline.set(loop.deadlines(), Millis(16 * 1024 + 64));  // the same slot as 64 ms
  near.deadline.set(loop.deadlines(), Millis(64));
  run_until(loop, [&] { return near.count > 0; });
  EXPECT_EQ(far.count, 0);
  EXPECT_TRUE(far.deadline.is_set());
}

TEST(Deadlines, ObserversMayClearAndDestroyOthersOfTheSameSlot) {
  EventLoop loop;
  auto first = std::make_unique<Alarm>(loop);
  auto second = std::make_unique<Alarm>(loop);
  auto third = std::make_unique<Alarm>(loop);
  int fired = 0;
  const auto once = [&](std::unique_ptr<Alarm>& own) {
    return [&] {
      ++fired;
      for (auto* other : {&first, &second, &third}) {
        if (other != &own) other->reset();
      }
    };
  };
  first->then = once(first);
  second->then = once(second);
  third->then = once(third);
  for (auto* alarm : {&first, &second, &third}) (*alarm)->deadline.set(loop.deadlines(), Millis(30));
  run_until(loop, [&] { return fired > 0; });
  Alarm after(loop);
  after.deadline.set(loop.deadlines(), Millis(50));
  run_until(loop, [&] { return after.count > 0; });
  EXPECT_EQ(fired, 1);
}

TEST(Deadlines, ObserversMaySetThemselvesAgain) {
  EventLoop loop;
  Alarm alarm(loop);
  alarm.then = [&] {
    if (alarm.count < 3) alarm.deadline.set(loop.deadlines(), Millis(0));
  };
  alarm.deadline.set(loop.deadlines(), Millis(0));
  run_until(loop, [&] { return alarm.count == 3; });
}

}  // namespace
}  // namespace sluice
