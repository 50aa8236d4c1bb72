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

Nanos Promises::until_room(Nanos promise, const SlotTimes& slots, Nanos now) const {
  size_t rank = size_;
  const PacedRequest* later = last_;
  Nanos wait{0};
  // Those after it come one slot later.
  for (; later != nullptr && later->promise_ > promise; later = later->earlier_) {
    --rank;
    const bool is_kept = slots.at(rank) <= later->promise_;
    if (is_kept && slots.at(rank + 1) > later->promise_) wait = std::max(wait, slots.at(rank) - now);
  }
  if (slots.at(rank) > promise) wait = std::max(wait, slots.at(size_) - promise);
  return wait;
}

bool Promises::allow(const PacedRequest& next, const SlotTimes& slots) const {
  size_t rank = 0;
  for (const PacedRequest* other = first_; other != nullptr && other != &next;
       other = other->later_, ++rank) {
    if (slots.at(rank) <= other->promise_ && slots.at(rank + 1) > other->promise_) return false;
  }
  return true;
}

PacedRequest* Promises::first_ready() const {
  PacedRequest* request = first_;
  while (request != nullptr && !request->ready_) request = request->later_;
  return request;
}

}  // namespace sluice
