#include "proxy/pacing/paced_request.h"

#include "proxy/pacing/pacer.h"

namespace sluice {

PacedRequest::~PacedRequest() { leave_queue(); }

void PacedRequest::leave_queue() {
  if (pacer_ != nullptr) pacer_->leave(*this);
}

PacedList::~PacedList() {
  while (first_ != nullptr) remove(*first_);
}

void PacedList::link(PacedRequest& request, PacedRequest* previous, PacedRequest* next) {
  request.list_ = this;
  request.previous_ = previous;
  request.next_ = next;
  (previous != nullptr ? previous->next_ : first_) = &request;
  (next != nullptr ? next->previous_ : last_) = &request;
}

void PacedList::remove(PacedRequest& request) {
  (request.previous_ != nullptr ? request.previous_->next_ : first_) = request.next_;
  (request.next_ != nullptr ? request.next_->previous_ : last_) = request.previous_;
  request.list_ = nullptr;
  request.previous_ = request.next_ = nullptr;
}

}  // namespace sluice
