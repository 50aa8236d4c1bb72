#include "proxy/pacing/fair_queue.h"

namespace sluice {

PacedRequest::~PacedRequest() {
  if (queue_ != nullptr) queue_->remove(*this);
}

FairQueue::~FairQueue() {
  while (pop() != nullptr) {
  }
}

void FairQueue::push(PacedRequest& request, size_t client) { link(request, client, last_, nullptr); }

void FairQueue::push_first(PacedRequest& request, size_t client) { link(request, client, nullptr, first_); }

void FairQueue::link(PacedRequest& request, size_t client, PacedRequest* previous, PacedRequest* next) {
  request.client_ = client;
  request.queue_ = this;
  request.previous_ = previous;
  request.next_ = next;
  (previous != nullptr ? previous->next_ : first_) = &request;
  (next != nullptr ? next->previous_ : last_) = &request;
  ++size_;
  ++waiting_[client];
}

PacedRequest* FairQueue::pop() {
  PacedRequest* request = first_;
  if (request != nullptr) remove(*request);
  return request;
}

bool FairQueue::remove(PacedRequest& request) {
  if (request.queue_ != this) return false;
  (request.previous_ != nullptr ? request.previous_->next_ : first_) = request.next_;
  (request.next_ != nullptr ? request.next_->previous_ : last_) = request.previous_;
  request.previous_ = nullptr;
  request.next_ = nullptr;
  request.queue_ = nullptr;
  --size_;
  --waiting_[request.client_];
  return true;
}

size_t FairQueue::ahead_of(size_t client) const {
  size_t ahead = 0;
  for (const PacedRequest* r = first_; r != nullptr && r->client_ != client; r = r->next_) ++ahead;
  return ahead;
}

}  // namespace sluice
