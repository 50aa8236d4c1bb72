#include "proxy/pacing/promises.h"

#include <algorithm>

namespace sluice {

void Promises::add(PacedRequest& request) {
  PacedRequest* before = last_;  // most come with the latest promise so far
  while (before != nullptr && before->promise_ > request.promise_) before = before->earlier_;
  PacedRequest* after = before != nullptr ? before->later_ : first_;
  request.earlier_ = before;
  request.later_ = after;
  (before != nullptr ? before->later_ : first_) = &request;
  (after != nullptr ? after->earlier_ : last_) = &request;
  ++size_;
}

void Promises::remove(PacedRequest& request) {
  (request.earlier_ != nullptr ? request.earlier_->later_ : first_) = request.later_;
  (request.later_ != nullptr ? request.later_->earlier_ : last_) = request.earlier_;
  request.earlier_ = request.later_ = nullptr;
  --size_;
}

// If the one at this rank went one slot later. A little lateness of the timers does not free from a promise.
bool Promises::would_break(const PacedRequest& request, size_t rank, const SlotTimes& slots) {
  return slots.at(rank) <= request.deadline_ && slots.at(rank + 1) > request.promise_;
}

Nanos Promises::until_room(Nanos promise, const SlotTimes& slots, Nanos now) const {
  size_t rank = size_;
  const PacedRequest* later = last_;
  Nanos wait{0};
  // Those after it come one slot later.
  for (; later != nullptr && later->promise_ > promise; later = later->earlier_) {
    --rank;
    if (would_break(*later, rank, slots)) wait = std::max(wait, slots.at(rank) - now);
  }
  if (slots.at(rank) > promise) wait = std::max(wait, slots.at(size_) - promise);
  return wait;
}

bool Promises::allow(const PacedRequest& next, const SlotTimes& slots) const {
  size_t rank = 0;
  for (const PacedRequest* other = first_; other != nullptr && other != &next;
       other = other->later_, ++rank) {
    if (would_break(*other, rank, slots)) return false;
  }
  return true;
}

PacedRequest* Promises::first_ready() const {
  PacedRequest* request = first_;
  while (request != nullptr && !request->ready_) request = request->later_;
  return request;
}

}  // namespace sluice
