#include "proxy/pacing/budget.h"

#include <uv.h>

#include <algorithm>
#include <mutex>

#include "proxy/pacing/token_bucket.h"

namespace sluice {
namespace {

class LocalBudget final : public Budget {
 public:
  LocalBudget(RateLimit limit, Nanos start) : bucket_(limit, start) {}

  Nanos take_slot(Nanos now) override {
    const std::lock_guard lock(mutex_);
    return bucket_.take(now);
  }

  Nanos expected_slot(Nanos now, uint64_t ahead) const override {
    const std::lock_guard lock(mutex_);
    return bucket_.expected(now, ahead);
  }

  void hold(Nanos until) override {
    const std::lock_guard lock(mutex_);
    bucket_.hold(until);
    held_until_ = std::max(held_until_, until);
  }

  Nanos held_until() const override {
    const std::lock_guard lock(mutex_);
    return held_until_;
  }

 private:
  mutable std::mutex mutex_;  // guards the rest
  TokenBucket bucket_;
  Nanos held_until_ = Nanos::min();
};

}  // namespace

std::unique_ptr<Budget> make_local_budget(RateLimit limit, Nanos start) {
  return std::make_unique<LocalBudget>(limit, start);
}

Nanos monotonic_now() { return Nanos(static_cast<int64_t>(uv_hrtime())); }

}  // namespace sluice
