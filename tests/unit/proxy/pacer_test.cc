#include "proxy/pacing/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <random>

#include "pacer_fixture.h"
#include "proxy/pacing/token_bucket.h"

namespace sluice {
namespace {

using namespace pacer_fixture;

TEST_F(PacerTest, LetsABurstOfFiveGoAtOnceWhenIdle) {
  start({10, 10});
  spend_burst();
  Request sixth;
  EXPECT_EQ(admit(sixth).kind, Admission::Kind::kQueued);
  EXPECT_EQ(scheduler->waiting(), 1u);
}

TEST_F(PacerTest, NeverGivesATurnFromWithinACall) {
  start({10, 10});
  spend_burst();
  Request a;
  Request b;
  admit(a);
  time.now += seconds(10);  // its slot has come; the timer has not fired
  admit(b);
  readmit(crowd.emplace_back(), 0);
  EXPECT_EQ(a.turns + b.turns + crowd.back().turns, 0);
}

TEST_F(PacerTest, WhoWaitsGoesOnWaitingWhenFurtherClientsCome) {
  start({10, 10});
  spend_burst();
  for (size_t i = 0; i < 20; ++i) {
    crowd.emplace_back();
    ASSERT_EQ(admit(crowd.back(), i % 3).kind, Admission::Kind::kQueued);
  }
  scheduler->take_up(config, std::vector<double>(1'000, 1));
  crowd.pop_front();
  EXPECT_EQ(scheduler->waiting(), 19u);
  EXPECT_EQ(admit(crowd.emplace_back(), 999).kind, Admission::Kind::kQueued);
  time.run_for(seconds(3));
  EXPECT_EQ(scheduler->waiting(), 0u);
  for (const Request& request : crowd) EXPECT_EQ(request.turns, 1);
}

TEST_F(PacerTest, GivesTurnsInTheOrderOfArrival) {
  start({10, 10});
  spend_burst();
  std::vector<int> order;
  for (int i = 0; i < 20; ++i) {
    crowd.emplace_back([&order, i] { order.push_back(i); });
    ASSERT_EQ(admit(crowd.back(), 1 + static_cast<size_t>(i) % 2).kind, Admission::Kind::kQueued);
  }
  time.run_for(seconds(3));
  ASSERT_EQ(order.size(), 20u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(scheduler->waiting(), 0u);
}

TEST_F(PacerTest, SpacesTurnsByTheInterval) {
  start({10, 10});
  spend_burst();
  std::vector<Nanos> sent;
  for (int i = 0; i < 3; ++i) {
    crowd.emplace_back([&] { sent.push_back(time.now); });
    admit(crowd.back());
  }
  time.run_for(seconds(1));
  const Nanos interval = TokenBucket({10, 10}, kStart).interval();
  EXPECT_EQ(sent, (std::vector<Nanos>{kIdle + interval, kIdle + 2 * interval, kIdle + 3 * interval}));
}

TEST_F(PacerTest, ForgetsOneThatLeavesAndGivesItsSlotToTheNext) {
  start({10, 10});
  spend_burst();
  Request leaves;
  Nanos sent{0};
  Request stays([&] { sent = time.now; });
  admit(leaves, 1);
  admit(stays, 2);
  pacer->leave(leaves);
  pacer->leave(leaves);  // no-op
  EXPECT_EQ(scheduler->waiting(1), 0u);
  EXPECT_EQ(scheduler->waiting(2), 1u);
  time.run_for(seconds(1));
  EXPECT_EQ(leaves.turns, 0);
  EXPECT_EQ(sent, kIdle + TokenBucket({10, 10}, kStart).interval());
}

TEST_F(PacerTest, KeepsTheSlotForOneThatComesAfterTheLastHasLeft) {
  start({10, 10});
  spend_burst();
  Request leaves;
  admit(leaves);
  pacer->leave(leaves);
  time.run_for(milliseconds(50));
  Nanos sent{0};
  Request next([&] { sent = time.now; });
  EXPECT_EQ(admit(next).kind, Admission::Kind::kQueued);
  time.run_for(seconds(1));
  EXPECT_EQ(sent, kIdle + TokenBucket({10, 10}, kStart).interval());
}

TEST_F(PacerTest, DoesNotUseASlotThatIsLongPast) {
  start({10, 10});
  spend_burst();
  Request leaves;
  admit(leaves);
  pacer->leave(leaves);
  time.run_for(seconds(60));
  spend_burst();  // five, and the old slot is not a sixth
  Request sixth;
  EXPECT_EQ(admit(sixth).kind, Admission::Kind::kQueued);
}

TEST_F(PacerTest, RefusesAtOnceWhoCannotGoInTime) {
  start({10, 10});
  spend_burst();
  const Admission refused = fill();
  EXPECT_EQ(refused.kind, Admission::Kind::kWaitTooLong);
  EXPECT_EQ(scheduler->waiting(), 70u);  // four fifths of 9 s less 201 ms, at 100.2 ms each
  EXPECT_GE(refused.retry_after, 1);
  EXPECT_LE(refused.retry_after, 2);
}

TEST_F(PacerTest, HeedsAShorterWaitOfTheCaller) {
  start({10, 10});
  spend_burst();
  Request request;
  EXPECT_EQ(pacer->admit(request, terms(0, Millis(0))).kind, Admission::Kind::kWaitTooLong);
  EXPECT_EQ(pacer->admit(request, terms(0, Millis(100))).kind, Admission::Kind::kWaitTooLong);
  EXPECT_EQ(pacer->admit(request, terms(0, Millis(126))).kind, Admission::Kind::kQueued);
}

TEST_F(PacerTest, AcceptsTheSameRequestWhenRetryAfterHasPassed) {
  for (const int64_t max_wait : {0, 90, 1'000, 9'000}) {
    start({10, 10}, queue_of(1000, Millis(9'000)));
    time.lateness = [] { return milliseconds(150); };
    ASSERT_EQ(fill().kind, Admission::Kind::kWaitTooLong);
    Request request;
    const Admission refused = pacer->admit(request, terms(0, Millis(max_wait)));
    ASSERT_EQ(refused.kind, Admission::Kind::kWaitTooLong);
    time.run_for(seconds(refused.retry_after));
    const Admission accepted = pacer->admit(request, terms(0, Millis(max_wait)));
    EXPECT_EQ(accepted.retry_after, 0) << max_wait;
    pacer.reset();
    crowd.clear();
  }
}

TEST_F(PacerTest, BoundsTheWaitingRequestsOfEachClient) {
  start({10, 10}, queue_of(4, Millis(9'000)));
  spend_burst();
  const Admission refused = fill(0);
  EXPECT_EQ(refused.kind, Admission::Kind::kQueueFull);
  EXPECT_EQ(scheduler->waiting(0), 4u);
  Request other;
  EXPECT_EQ(admit(other, 1).kind, Admission::Kind::kQueued);
}

TEST_F(PacerTest, TellsAFullClientWhenAPlaceWillBeFree) {
  start({2, 1}, queue_of(4, Millis(60'000)));
  time.lateness = [] { return milliseconds(200); };
  Request goes;
  ASSERT_EQ(admit(goes).kind, Admission::Kind::kGo);
  for (int i = 0; i < 4; ++i) admit(crowd.emplace_back(), 1);
  ASSERT_EQ(fill(0).kind, Admission::Kind::kQueueFull);
  Request request;
  const Admission refused = admit(request, 0);
  ASSERT_EQ(refused.kind, Admission::Kind::kQueueFull);
  EXPECT_LE(refused.retry_after, 3);  // one of the others' and its own first one, at 501 ms each
  time.run_for(seconds(refused.retry_after));
  EXPECT_EQ(admit(request, 0).kind, Admission::Kind::kQueued);
}

TEST_F(PacerTest, AllowsForALateTimerWhenItTellsAFullClientWhenToComeBack) {
  start({1.002, 1}, queue_of(1, Millis(9'000)));  // a slot a second
  time.lateness = [] { return milliseconds(200); };
  Request goes;
  Request waits;
  Request refused;
  admit(goes);
  admit(waits);
  ASSERT_EQ(admit(refused).kind, Admission::Kind::kQueueFull);
  time.run_for(seconds(admit(refused).retry_after));
  EXPECT_EQ(admit(refused).retry_after, 0);
}

TEST_F(PacerTest, LetsRequestsGoAtOnceWhenNoneMayWait) {
  start({10, 10}, queue_of(0, Millis(9'000)));
  spend_burst();
  Request request;
  const Admission refused = admit(request);
  EXPECT_EQ(refused.kind, Admission::Kind::kQueueFull);
  time.run_for(seconds(refused.retry_after));
  EXPECT_EQ(admit(request).kind, Admission::Kind::kGo);
}

TEST_F(PacerTest, CountsWhoWaitsOnOtherWorkers) {
  start({10, 10});
  const auto other = make_pacer();
  spend_burst();
  while (other->admit(crowd.emplace_back(), terms(0, Millis(9'000))).kind == Admission::Kind::kQueued) {
  }
  Request request;
  EXPECT_EQ(admit(request).kind, Admission::Kind::kWaitTooLong);
  EXPECT_EQ(pacer->admit(request, terms(0, Millis(9'600))).kind, Admission::Kind::kQueued);
}

TEST_F(PacerTest, TakesItsWaitingRequestsOutOfTheCountWhenItIsDestroyed) {
  start({10, 10});
  fill();
  const auto other = make_pacer();
  Request stays;
  ASSERT_EQ(other->admit(stays, terms(1, Millis(60'000))).kind, Admission::Kind::kQueued);
  Request later;
  ASSERT_EQ(pacer->admit(later, terms(2, Millis(70'000))).kind, Admission::Kind::kQueued);
  pacer.reset();
  EXPECT_EQ(scheduler->waiting(), 1u);
  time.run_for(seconds(1));
  EXPECT_EQ(stays.turns, 1);  // the other one's timer took over
}

TEST_F(PacerTest, OneThatWaitedForAnothersAnswerGoesToTheEnd) {
  start({10, 10}, queue_of(3, Millis(9'000)));
  spend_burst();
  std::vector<char> order;
  Request first([&] { order.push_back('1'); });
  Request second([&] { order.push_back('2'); });
  Request follower([&] { order.push_back('f'); });
  Request too_many;
  admit(first);
  admit(second);
  EXPECT_FALSE(pacer->join(follower, terms(0, Millis(9'000)), time.now - seconds(1)));
  EXPECT_TRUE(pacer->join(follower, terms(0, Millis(9'000)), time.now + seconds(9)));
  EXPECT_FALSE(pacer->join(too_many, terms(0, Millis(9'000)), time.now + seconds(9)));
  time.run_for(seconds(1));
  EXPECT_EQ(order, (std::vector<char>{'1', '2', 'f'}));
}

TEST_F(PacerTest, AllowsEveryCallFromWithinATurn) {
  start({10, 10});
  Request victim;
  Request again;
  Request late;
  Request back;
  Request actor([&] {
    pacer->leave(victim);
    EXPECT_EQ(admit(late).kind, Admission::Kind::kQueued);
    EXPECT_TRUE(readmit(back, 1));
    pacer->reject(Millis(1'000));
    if (actor.turns < 3) readmit(actor, 0);
  });
  admit(back);
  for (int i = 0; i < 4; ++i) admit(crowd.emplace_back());
  admit(actor);
  admit(victim);
  admit(again);
  time.run_for(milliseconds(150));
  EXPECT_EQ(actor.turns, 1);
  late.turn = [&] { pacer->leave(late); };
  actor.turn = [] {};
  time.run_for(seconds(3));
  EXPECT_EQ(actor.turns, 2);
  EXPECT_EQ(victim.turns, 0);
  EXPECT_EQ(again.turns, 1);
  EXPECT_EQ(late.turns, 1);
  EXPECT_EQ(back.turns, 1);
}

TEST_F(PacerTest, SharesTheSlotsByWeight) {
  start({10, 10}, queue_of(1000, Millis(600'000)), kIdle);
  pacer.reset();
  scheduler = std::make_unique<Scheduler>(*budget, config, std::vector<double>{1, 2, 4});
  pacer = make_pacer();
  std::vector<int> sent(3);
  for (size_t client = 0; client < 3; ++client) {
    for (int i = 0; i < 500; ++i) {
      Request& request = crowd.emplace_back([&sent, client] { ++sent[client]; });
      admit(request, client);
    }
  }
  time.run_for(seconds(70));
  EXPECT_NEAR(sent[0], 100, 2);
  EXPECT_NEAR(sent[1], 200, 2);
  EXPECT_NEAR(sent[2], 400, 2);
}

TEST_F(PacerTest, OneThatComesSeldomDoesNotWaitForACrowd) {
  start({10, 10}, queue_of(1000, Millis(600'000)));
  spend_burst();
  for (int i = 0; i < 1000; ++i) admit(crowd.emplace_back(), 0);
  time.run_for(seconds(10));
  Nanos sent{0};
  Request seldom([&] { sent = time.now; });
  const Nanos came = time.now;
  admit(seldom, 1);
  time.run_for(seconds(1));
  EXPECT_LE(sent - came, milliseconds(210));
}

// An hour of as many requests as will go, with late timers and a jittering network, against a strict vendor.
TEST_F(PacerTest, UsesTheWholeLimitForAnHourWithoutARejection) {
  constexpr RateLimit kLimit{10, 10};
  start(kLimit, {}, kStart);
  std::mt19937_64 random(1);
  const auto up_to = [&random](int64_t millis) {
    return Nanos(std::uniform_int_distribution<int64_t>(0, millis * 1'000'000)(random));
  };
  time.lateness = [&] { return up_to(200); };
  std::vector<Nanos> arrivals;
  for (int i = 0; i < 20; ++i) {
    Request& request = crowd.emplace_back();
    request.turn = [&] {
      arrivals.push_back(time.now + up_to(250));
      ASSERT_EQ(admit(request).kind, Admission::Kind::kQueued);
    };
    admit(request);
  }
  time.run_for(seconds(3600));
  EXPECT_EQ(rejections(kLimit, arrivals), 0);
  EXPECT_GE(arrivals.size(), 35'820u);  // 99.5 % of 10 a second
}

}  // namespace
}  // namespace sluice
