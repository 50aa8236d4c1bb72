// Whatever happens to a waiting room: properties on random histories, and one on a real loop.
#include <gtest/gtest.h>

#include <list>
#include <random>

#include "pacer_fixture.h"

namespace sluice {
namespace {

using namespace pacer_fixture;

// Whatever comes, leaves, is held or comes back, on two workers: nothing goes early or beyond the vendor's
// limit, nobody who was accepted waits longer than foreseen, and a refused request is accepted when it was
// told.
TEST(PacerProperty, NeverSendsMoreThanTheVendorAllowsWhateverHappens) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&random](uint64_t bound) { return random() % bound; };
  const auto up_to = [&](uint64_t millis) {
    return Nanos(static_cast<int64_t>(below(millis * 1'000'000 + 1)));
  };
  for (int round = 0; round < 30; ++round) {
    const RateLimit limit{0.5 + static_cast<double>(below(400)) / 10, 10 + static_cast<double>(below(20))};
    const TokenBucket shape(limit, kStart);
    const double allowance =
        (limit.burst - 1) / limit.rate * 1e9 - static_cast<double>(shape.tolerance().count());
    if (allowance < 451e6) continue;  // the vendor's bucket leaves no room for so much jitter
    Time time(kStart);
    time.lateness = [&] { return up_to(200); };
    const auto budget = make_local_budget(limit, kStart);
    const QueueConfig config = queue_of(20, Millis(9'000));
    Scheduler scheduler(*budget, config, {1, 2, 4});
    std::vector<std::unique_ptr<Pacer>> pacers;
    for (int i = 0; i < 2; ++i) pacers.push_back(std::make_unique<Pacer>(time.make_clock(), scheduler));
    std::vector<Nanos> arrivals;
    Nanos held_until = Nanos::min();
    const auto send = [&] {
      EXPECT_GE(time.now, held_until);
      arrivals.push_back(time.now + up_to(250));
    };
    struct Guest {
      std::unique_ptr<Request> request;
      Pacer* pacer;
    };
    std::vector<Guest> guests;
    for (int step = 0; step < 2'000; ++step) {
      time.run_for(up_to(below(10) == 0 ? 3'000 : 100));
      Pacer& pacer = *pacers[below(2)];
      const uint64_t what = below(100);
      if (what < 85) {
        auto request = std::make_unique<Request>(send);
        const Admission admission = pacer.admit(*request, terms(below(3), config.max_wait));
        if (admission.kind == Admission::Kind::kGo) request->on_turn();
        if (admission.retry_after == 0) guests.push_back({std::move(request), &pacer});
      } else if (what < 97 && !guests.empty()) {
        Guest& guest = guests[below(guests.size())];
        guest.pacer->leave(*guest.request);
      } else if (what < 99) {
        // The last one that was sent comes back.
        const auto guest = std::find_if(guests.rbegin(), guests.rend(),
                                        [](const Guest& g) { return g.request->turns == 1; });
        if (guest != guests.rend() && guest->pacer->readmit(*guest->request, terms(below(3), config.max_wait),
                                                            time.now + config.max_wait))
          --guest->request->turns;
      } else {
        const Millis pause(1'000 + static_cast<int64_t>(below(3'000)));
        held_until = std::max(held_until, time.now + pause);
        pacer.reject(pause);
      }
    }
    time.run_for(seconds(600));
    for (const Guest& guest : guests) EXPECT_LE(guest.request->turns, 1);
    EXPECT_EQ(scheduler.waiting(), 0u);
    EXPECT_EQ(rejections(limit, arrivals), 0) << "rate " << limit.rate << " burst " << limit.burst;
    EXPECT_GT(arrivals.size(), 0u);
  }
}

TEST(PacerProperty, KeepsItsWordToTheRefused) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&random](uint64_t bound) { return random() % bound; };
  for (int round = 0; round < 300; ++round) {
    const RateLimit limit{0.5 + static_cast<double>(below(400)) / 10, 1 + static_cast<double>(below(20))};
    Time time(kIdle);
    time.lateness = [&] { return Nanos(static_cast<int64_t>(below(10'000'000))); };
    const auto budget = make_local_budget(limit, kStart);
    const QueueConfig config =
        queue_of(static_cast<int64_t>(1 + below(40)), Millis(static_cast<int64_t>(below(9'000))));
    Scheduler scheduler(*budget, config, {1, 2, 4});
    const auto pacer = std::make_unique<Pacer>(time.make_clock(), scheduler);
    std::list<Request> crowd;
    for (size_t i = below(200); i > 0; --i) {
      pacer->admit(crowd.emplace_back(), terms(below(3), config.max_wait));
    }
    Request request;
    const size_t client = below(3);
    const Admission admission = pacer->admit(request, terms(client, config.max_wait));
    if (admission.retry_after == 0) continue;
    time.run_for(seconds(admission.retry_after));
    EXPECT_EQ(pacer->admit(request, terms(client, config.max_wait)).retry_after, 0);
  }
}

TEST(PacerOnALoop, NeverFiresBeforeTheSlotAndClosesItsTimer) {
  constexpr RateLimit kLimit{1'000, 100};
  EventLoop loop;
  const auto budget = make_local_budget(kLimit, monotonic_now() - seconds(60));
  Scheduler scheduler(*budget, {}, {1});
  auto pacer = std::make_unique<Pacer>(make_pace_clock(loop), scheduler);
  std::vector<Nanos> sent;
  std::list<Request> crowd;
  const Nanos start = monotonic_now();
  for (int i = 0; i < 30; ++i) {
    Request& request = crowd.emplace_back([&sent] { sent.push_back(monotonic_now()); });
    if (pacer->admit(request, terms(0, Millis(9'000))).kind == Admission::Kind::kGo)
      sent.push_back(monotonic_now());
  }
  while (scheduler.waiting() > 0) uv_run(loop.uv(), UV_RUN_ONCE);
  ASSERT_EQ(sent.size(), 30u);
  const TokenBucket shape(kLimit, start);
  for (size_t i = 0; i < sent.size(); ++i) {
    EXPECT_GE(sent[i] - start, shape.interval() * static_cast<int64_t>(i) - shape.tolerance()) << i;
  }
  pacer.reset();
  loop.stop();
  loop.run();
}

}  // namespace
}  // namespace sluice
