// What tests of pacers share: requests that count their turns, and a vendor's strict bucket.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "pacing_time.h"
#include "proxy/pacing/pacer.h"
#include "proxy/pacing/token_bucket.h"

namespace sluice::pacer_fixture {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kStart = seconds(1'000);
constexpr Nanos kIdle = kStart + seconds(60);  // the bucket has filled by then

// A strict bucket as the vendor may keep it: empty at the start, refilled by a clock that runs 1000 ppm slow.
class Vendor {
 public:
  explicit Vendor(RateLimit limit) : interval_(1.001e9 / limit.rate), depth_(limit.burst) {}

  // Requires: arrivals in order.
  bool accepts(Nanos arrival) {
    const double passed = static_cast<double>((arrival - last_).count());
    level_ = std::min(depth_, level_ + passed / interval_);
    last_ = arrival;
    if (level_ < 1 - 1e-6) return false;
    level_ -= 1;
    return true;
  }

 private:
  double interval_;
  double depth_;
  double level_ = 0;
  Nanos last_ = kStart;
};

inline int rejections(RateLimit limit, std::vector<Nanos> arrivals) {
  std::sort(arrivals.begin(), arrivals.end());
  Vendor vendor(limit);
  return static_cast<int>(
      std::count_if(arrivals.begin(), arrivals.end(), [&](Nanos at) { return !vendor.accepts(at); }));
}

struct Request final : PacedRequest {
  explicit Request(std::function<void()> on = [] {}) : turn(std::move(on)) {}
  void on_turn() override {
    ++turns;
    turn();
  }
  void on_refused(int64_t retry_after) override { refused = retry_after; }
  std::function<void()> turn;
  int turns = 0;
  int64_t refused = 0;
};

inline PaceTerms terms(size_t client, Millis max_wait) { return {client, max_wait, 0, true}; }

inline QueueConfig queue_of(int64_t max_requests, Millis max_wait) {
  QueueConfig config;
  config.max_requests = max_requests;
  config.max_wait = max_wait;
  return config;
}

// One API's waiting room for three clients, and one worker's door to it.
class PacerTest : public testing::Test {
 protected:
  void start(RateLimit limit, QueueConfig queue = {}, Nanos now = kIdle) {
    time.now = now;
    config = queue;
    pacer.reset();
    scheduler.reset();
    budget = make_local_budget(limit, kStart);
    scheduler = std::make_unique<Scheduler>(*budget, queue, std::vector<double>{1, 1, 1});
    pacer = make_pacer();
  }
  std::unique_ptr<Pacer> make_pacer() { return std::make_unique<Pacer>(time.make_clock(), *scheduler); }

  Admission admit(Request& request, size_t client = 0) {
    return pacer->admit(request, terms(client, config.max_wait));
  }

  bool readmit(Request& request, size_t client = 0) {
    return pacer->readmit(request, terms(client, config.max_wait), time.now + config.max_wait);
  }

  // Takes the burst of an idle bucket.
  void spend_burst() {
    Request request;
    for (int i = 0; i < 5; ++i) ASSERT_EQ(admit(request).kind, Admission::Kind::kGo);
  }

  // Fills the queue up to the maximal wait, and returns the first refusal.
  Admission fill(size_t client = 0) {
    for (;;) {
      crowd.emplace_back();
      const Admission admission = admit(crowd.back(), client);
      if (admission.retry_after > 0) return admission;
    }
  }

  Time time{kIdle};
  QueueConfig config;
  std::unique_ptr<Budget> budget;
  std::unique_ptr<Scheduler> scheduler;
  std::unique_ptr<Pacer> pacer;
  std::list<Request> crowd;
};

}  // namespace sluice::pacer_fixture
