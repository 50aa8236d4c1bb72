// DeliveryWindow: the events that a webhook is to get next, in order, read ahead from the spool, and which of
// them are the delivery under way. Owner: a Deliverer. Thread: its own. Fails: never.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "proxy/audit/chain.h"

namespace sluice {

class DeliveryWindow {
 public:
  void add(StoredEvent event);
  bool empty() const { return events_.empty(); }
  const StoredEvent& front() const { return events_.front(); }
  // Whether one more read would not change a delivery of so many events and octets.
  bool has_enough(size_t most, size_t octets) const { return events_.size() >= most || octets_ >= octets; }

  // Which ones go next, from the front: those up to `through`, or, when there are none or it is 0, at most
  // so many of them, but at least one. Requires: not empty.
  void choose(size_t most, size_t most_octets, uint64_t through);
  std::vector<StoredEvent> chosen() const;
  size_t chosen_count() const { return chosen_; }
  uint64_t chosen_through() const { return events_[chosen_ - 1].sequence; }
  // Those that were chosen are done with.
  void drop_chosen();
  // The events up to `through` are gone from the spool. `under_way`: those that were chosen stay
  // nevertheless.
  void remove(uint64_t through, bool under_way);
  void clear();

 private:
  void pop_front();

  std::deque<StoredEvent> events_;
  size_t octets_ = 0;
  size_t chosen_ = 0;
};

}  // namespace sluice
