// TokenBucket: the vendor's limit as one schedule (GCRA), in nanoseconds of the monotonic clock. Slots are
// handed out ahead of time and in order; they depend on the schedule alone, so a late timer costs nothing.
//
// How much of the vendor's bucket is used at once: if requests that conform to a tolerance reach the vendor
// between d_min and d_max late, they still conform to that tolerance + (d_max - d_min). So own tolerance +
// kSlotLife + kNetworkJitter stay within the vendor's tolerance, (burst - 1) / rate, unless that leaves less
// than a burst of 5. What is left out of the burst costs no throughput.
//
// Owner: LocalBudget. Thread: whoever holds its lock.
#pragma once

#include <cstdint>

#include "config/model.h"
#include "config/units.h"
#include "proxy/pacing/rate_control.h"

namespace sluice {

// How long after its time a slot may still be used: 200 ms of lateness, and a timer's rounding up to a whole
// one. An older slot is void: the schedule has moved on, and it would be one too many.
inline constexpr Nanos kSlotLife = Millis(201);
// How much longer than the fastest request another takes to reach the vendor.
inline constexpr Nanos kNetworkJitter = Millis(250);

class TokenBucket {
 public:
  // A former process may have spent the whole bucket at `start`.
  TokenBucket(RateLimit limit, Nanos start);

  // Another limit from `now` on: the whole bucket counts as spent once more. A hold goes on.
  void change(RateLimit limit, Nanos now);
  // Takes the next slot: when it may be used, `now` or later.
  Nanos take(Nanos now);
  // A slot that take() returned was not used: the vendor's bucket is that much fuller.
  void give_back(Nanos slot);
  // What take() would return after `ahead` others have taken theirs.
  Nanos expected(Nanos now, uint64_t ahead) const;
  // The vendor has answered 429: its bucket is empty. No slot before `until`, no burst then, and the schedule
  // that RateControl gives. True: it has done so repeatedly.
  bool reject(Nanos now, Nanos until);

  Nanos interval() const { return interval_; }
  Nanos tolerance() const { return tolerance_; }
  Nanos held_until() const { return held_until_; }

 private:
  Nanos base(Nanos now) const;

  Nanos interval_;      // between slots when requests wait
  Nanos tolerance_;     // how far before its regular time a slot may be used; whole intervals
  Nanos regular_time_;  // of the next slot: GCRA's theoretical arrival time
  Nanos held_until_ = Nanos::min();
  RateControl control_;
};

}  // namespace sluice
