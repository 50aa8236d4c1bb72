#include "proxy/pacing/budget.h"

#include <mutex>

#include "proxy/pacing/token_bucket.h"

namespace sluice {
namespace {

class LocalBudget final : public Budget {
 public:
  LocalBudget(RateLimit limit, Nanos start) : limit_(limit), bucket_(limit, start) {}

  void set_observer(BudgetObserver*) override {}  // slots are always at hand
  void set_demand(uint64_t, double) override {}   // nobody to share with

  std::optional<Slot> take_slot(Nanos now) override {
    const std::lock_guard lock(mutex_);
    const Nanos from = bucket_.take(now);
    return Slot{from, from + kSlotLife};
  }

  void give_back(const Slot& slot) override {
    const std::lock_guard lock(mutex_);
    bucket_.give_back(slot.from);
  }

  Nanos expected_slot(Nanos now, uint64_t ahead) const override {
    const std::lock_guard lock(mutex_);
    return bucket_.expected(now, ahead);
  }

  bool reject(Nanos now, Nanos until) override {
    const std::lock_guard lock(mutex_);
    return bucket_.reject(now, until);
  }

  bool set_limit(RateLimit limit, Nanos now) override {
    const std::lock_guard lock(mutex_);
    if (limit != limit_) bucket_.change(limit, now);
    limit_ = limit;
    return true;
  }

  Nanos held_until() const override {
    const std::lock_guard lock(mutex_);
    return bucket_.held_until();
  }

 private:
  mutable std::mutex mutex_;  // guards the rest
  RateLimit limit_;
  TokenBucket bucket_;
};

}  // namespace

std::unique_ptr<Budget> make_local_budget(RateLimit limit, Nanos start) {
  return std::make_unique<LocalBudget>(limit, start);
}

}  // namespace sluice
