// What tests of pacers share: requests that count their turns, and a vendor's strict bucket.
#pragma once

#include <algorithm>
#include <functional>
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

}  // namespace sluice::pacer_fixture
