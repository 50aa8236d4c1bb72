// Budget: when the vendor may be sent to next. Hands out slots in the future, one at a time, from one
// schedule, so that no timer's lateness and no polling loses any of the limit. LocalBudget: a TokenBucket of
// this process alone. SharedBudget (shared_budget.h): slots leased from the replicas' common schedule.
// Owner: main, one per API; outlives the pacers. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "config/model.h"
#include "config/units.h"
#include "proxy/net/clock.h"

namespace sluice {

// When one request may be sent, on the monotonic clock. Void after `until`, and when a hold has ended after
// `from`.
struct Slot {
  Nanos from;
  Nanos until;
};

class BudgetObserver {
 public:
  // Slots may be at hand where none were. Any thread; no lock of the budget is held.
  virtual void on_slots() = 0;

 protected:
  ~BudgetObserver() = default;
};

class Budget {
 public:
  virtual ~Budget() = default;
  // Before the first slot is asked for; null: nobody is told any more.
  virtual void set_observer(BudgetObserver* observer) = 0;
  // Takes the next slot. None at hand: on_slots follows when that has changed.
  virtual std::optional<Slot> take_slot(Nanos now) = 0;
  // A slot that was taken has passed unused.
  virtual void give_back(const Slot&) {}
  // When take_slot would let a request go that comes after `ahead` others. Nanos::max(): nobody knows.
  virtual Nanos expected_slot(Nanos now, uint64_t ahead) const = 0;
  // Requests of this process that wait without a slot, and the sum of the weights of the clients that have
  // some: what its share of the common schedule follows from.
  virtual void set_demand(uint64_t waiting, double weight) = 0;
  // The vendor has answered 429: no slot before `until`, and fewer after it (RateControl). True: it has done
  // so repeatedly.
  virtual bool reject(Nanos now, Nanos until) = 0;
  // The vendor's limit is another from `now` on. False: it cannot be changed while it is shared.
  virtual bool set_limit(RateLimit limit, Nanos now) = 0;
  // The end of the longest hold so far.
  virtual Nanos held_until() const = 0;
};

// `start`: the bucket counts as spent by a former process then.
std::unique_ptr<Budget> make_local_budget(RateLimit limit, Nanos start);

}  // namespace sluice
