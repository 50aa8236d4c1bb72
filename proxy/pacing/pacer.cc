#include "proxy/pacing/pacer.h"

#include <algorithm>
#include <optional>

#include "proxy/pacing/fair_queue.h"
#include "proxy/pacing/token_bucket.h"

namespace sluice {
namespace {

// Timers may be late: the schedule that `wait` comes from is given as much more.
int64_t retry_after(Nanos wait) {
  return std::max<int64_t>(std::chrono::ceil<std::chrono::seconds>(wait + kSlotLife).count(), 1);
}

// One slot is reserved ahead, for whoever is the first in the queue when it comes: a request that leaves or
// comes back to the head costs no slot. Invariant: if anybody waits, a slot is reserved and the timer is
// armed for it.
class QueuePacer final : public Pacer, private TimeObserver {
 public:
  QueuePacer(std::unique_ptr<PaceClock> clock, Budget& budget, const QueueConfig& config, size_t clients)
      : clock_(std::move(clock)), budget_(budget), queue_(clients, static_cast<size_t>(config.max_requests)) {
    clock_->set_observer(this);
  }

  ~QueuePacer() override { count_waiting(0); }
  QueuePacer(const QueuePacer&) = delete;
  QueuePacer& operator=(const QueuePacer&) = delete;

  Admission admit(PacedRequest& request, size_t client, Millis max_wait) override {
    const Nanos now = clock_->now();
    prepare_next(now);  // a hold on another worker may have made the slot void
    if (queue_.empty() && expected_wait(now) == Nanos(0) && reserved_slot(now) <= now) {
      slot_.reset();
      return {};
    }
    const Nanos too_long = expected_wait(now) - max_wait;
    if (queue_.full(client)) {
      return {Admission::Kind::kQueueFull, retry_after(std::max(wait_for_place(now, client), too_long))};
    }
    if (too_long > Nanos(0)) return {Admission::Kind::kWaitTooLong, retry_after(too_long)};
    queue_.push(request, client);
    prepare_next(now);
    return {Admission::Kind::kQueued};
  }

  void readmit(PacedRequest& request, size_t client) override {
    queue_.push_first(request, client);
    prepare_next(clock_->now());
  }

  // The slot stays reserved for the next one.
  void leave(PacedRequest& request) override {
    if (queue_.remove(request)) count_waiting(unplaced());
  }

  void hold(Millis pause) override {
    const Nanos now = clock_->now();
    budget_.hold(now + pause);
    prepare_next(now);
  }

  size_t waiting(size_t client) const override { return queue_.size(client); }
  size_t waiting() const override { return queue_.size(); }

 private:
  void on_time() override {
    Nanos now = clock_->now();
    // on_turn may admit, readmit, leave or hold: everything is looked at anew after it.
    while (!queue_.empty() && reserved_slot(now) <= now) {
      slot_.reset();
      PacedRequest* request = queue_.pop();
      count_waiting(unplaced());
      request->on_turn();
      now = clock_->now();
    }
    prepare_next(now);
  }

  // Keeps the invariant, and the count that other workers see.
  void prepare_next(Nanos now) {
    if (!queue_.empty()) clock_->arm(reserved_slot(now));
    count_waiting(unplaced());
  }

  bool slot_is_usable(Nanos now) const {
    return slot_ && *slot_ >= budget_.held_until() && now <= *slot_ + kSlotLife;
  }

  Nanos reserved_slot(Nanos now) {
    if (!slot_is_usable(now)) slot_ = budget_.take_slot(now);
    return *slot_;
  }

  // Of a request that would come now.
  Nanos expected_wait(Nanos now) const {
    if (queue_.empty() && slot_is_usable(now)) return std::max(*slot_ - now, Nanos(0));
    return budget_.expected_slot(now, budget_.waiting) - now;
  }

  // Until the client has one fewer waiting: the turn of its first one, if all that wait on other workers go
  // before it.
  Nanos wait_for_place(Nanos now, size_t client) const {
    const size_t ahead = queue_.ahead_of(client);
    if (ahead == 0 && slot_) return *slot_ - now;
    const uint64_t elsewhere = budget_.waiting - counted_;
    return budget_.expected_slot(now, elsewhere + ahead - (slot_ ? 1 : 0)) - now;
  }

  // Requests that wait without a slot.
  uint64_t unplaced() const { return queue_.size() - (slot_ && !queue_.empty() ? 1 : 0); }

  void count_waiting(uint64_t unplaced) {
    budget_.waiting += unplaced - counted_;  // modulo 2^64: may be a decrease
    counted_ = unplaced;
  }

  std::unique_ptr<PaceClock> clock_;
  Budget& budget_;
  FairQueue queue_;
  std::optional<Nanos> slot_;  // reserved, not used yet
  uint64_t counted_ = 0;       // this pacer's part of budget_.waiting
};

}  // namespace

std::unique_ptr<Pacer> Pacer::make(EventLoop& loop, Budget& budget, const QueueConfig& config,
                                   size_t clients) {
  return make(make_pace_clock(loop), budget, config, clients);
}

std::unique_ptr<Pacer> Pacer::make(std::unique_ptr<PaceClock> clock, Budget& budget,
                                   const QueueConfig& config, size_t clients) {
  return std::make_unique<QueuePacer>(std::move(clock), budget, config, clients);
}

}  // namespace sluice
