// Promises: by when each admitted request was told, by its admission, that it would be sent; in the order of
// these times. Says whether all can be kept if one more is admitted, or if one is sent out of this order:
// slots come at regular intervals, so serving the earliest promise first keeps all of them if anything does
// (EDF, Liu and Layland 1973). A promise that cannot be kept anyway binds nobody. Links the requests
// themselves. Linear in those whose promise comes before the last slot, at worst. Owner: the scheduler.
// Thread: whoever holds its lock.
#pragma once

#include <cstddef>

#include "proxy/pacing/paced_request.h"

namespace sluice {

// When the coming slots are: the first, and how long after it each next one.
struct SlotTimes {
  Nanos first;
  Nanos step;
  Nanos at(size_t rank) const { return first + step * static_cast<int64_t>(rank); }
};

class Promises {
 public:
  void add(PacedRequest& request);
  void remove(PacedRequest& request);

  // All of them, the earliest first; nullptr: no more.
  PacedRequest* first() const { return first_; }
  static PacedRequest* after(const PacedRequest& request) { return request.later_; }
  // How long from `now` until one more, to be sent until `promise`, could be promised that; 0: now.
  Nanos until_room(Nanos promise, const SlotTimes& slots, Nanos now) const;
  // Whether the others are still kept if this one goes first. Requires: it has been added.
  bool allow(const PacedRequest& next, const SlotTimes& slots) const;
  // How many of them have to go before one more that is to be sent until `promise`, whoever's turn it is.
  size_t before_newcomer(Nanos promise, const SlotTimes& slots) const;
  // The earliest of those that are ready, or nullptr.
  PacedRequest* first_ready() const;

 private:
  struct Place {
    PacedRequest* before;  // the last that was promised no later, or nullptr
    size_t rank;           // how many were
  };

  Place place_of(Nanos promise) const;
  static bool would_break(const PacedRequest& request, size_t rank, const SlotTimes& slots);

  PacedRequest* first_ = nullptr;
  PacedRequest* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sluice
