// Budget: when the vendor may be sent to next. Hands out slots in the future, one at a time, from one
// schedule, so that no timer's lateness and no polling loses any of the limit. The seam where sharing between
// replicas goes. LocalBudget: a TokenBucket for all workers of this process. Owner: main, one per API;
// outlives the pacers. Thread: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "config/model.h"
#include "config/units.h"

namespace sluice {

class Budget {
 public:
  virtual ~Budget() = default;
  // Takes the next slot. Returns when it may be used, at `now` or later (monotonic clock). It is void when it
  // is not used within kSlotLife (token_bucket.h), or when a hold has ended after it.
  virtual Nanos take_slot(Nanos now) = 0;
  // When take_slot would let a request go that comes after `ahead` others.
  virtual Nanos expected_slot(Nanos now, uint64_t ahead) const = 0;
  // No slot before `until`: the vendor has answered 429.
  virtual void hold(Nanos until) = 0;
  // The end of the longest hold so far.
  virtual Nanos held_until() const = 0;
  // Requests that wait on any worker and have no slot yet: counted by the pacers, read for expected waits.
  std::atomic<uint64_t> waiting{0};
};

// `start`: the bucket counts as spent by a former process then.
std::unique_ptr<Budget> make_local_budget(RateLimit limit, Nanos start);

// The monotonic clock (uv_hrtime).
Nanos monotonic_now();

}  // namespace sluice
