#include "proxy/pacing/promises.h"

#include <algorithm>

namespace sluice {

void Promises::add(PacedRequest& request) {
  PacedRequest* before = place_of(request.promise_).before;
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

// Looks from both ends at once: most come with the latest promise so far, or with one of the earliest.
Promises::Place Promises::place_of(Nanos promise) const {
  PacedRequest* late = last_;
  size_t late_rank = size_;
  PacedRequest* early = first_;
  for (size_t rank = 0;; ++rank, early = early->later_, --late_rank, late = late->earlier_) {
    if (late == nullptr || late->promise_ <= promise) return {late, late_rank};
    if (early->promise_ > promise) return {early->earlier_, rank};
  }
}

Nanos Promises::until_room(Nanos promise, const SlotTimes& slots, Nanos now) const {
  const auto [before, place] = place_of(promise);
  Nanos wait = slots.at(place) > promise ? slots.at(size_) - promise : Nanos(0);
  // Those after it come one slot later; who was promised no more than the last slot is in no danger.
  const Nanos end = slots.at(size_);
  size_t rank = place;
  for (const PacedRequest* later = before != nullptr ? before->later_ : first_;
       later != nullptr && later->promise_ < end; later = later->later_, ++rank) {
    if (would_break(*later, rank, slots)) wait = std::max(wait, slots.at(rank) - now);
  }
  return wait;
}

bool Promises::allow(const PacedRequest& next, const SlotTimes& slots) const {
  const Nanos end = slots.at(size_);
  size_t rank = 0;
  for (const PacedRequest* other = first_; other != &next && other->promise_ < end;
       other = other->later_, ++rank) {
    if (would_break(*other, rank, slots)) return false;
  }
  return true;
}

// Each that would break keeps its slot, and so does what was promised earlier.
size_t Promises::before_newcomer(Nanos promise, const SlotTimes& slots) const {
  const Nanos end = std::min(slots.at(size_), promise);
  size_t ahead = 0;
  size_t rank = 0;
  for (const PacedRequest* other = first_; other != nullptr && other->promise_ < end;
       other = other->later_, ++rank) {
    if (would_break(*other, rank, slots)) ahead = rank + 1;
  }
  return ahead;
}

PacedRequest* Promises::first_ready() const {
  PacedRequest* request = first_;
  while (request != nullptr && !request->ready_) request = request->later_;
  return request;
}

}  // namespace sluice
