// FairQueue: who waits, in the order in which they will go: first come, first served, and no client has more
// waiting than its bound. Links the requests themselves: no allocation. Owner: its pacer. Thread: the
// pacer's. A request is in one queue at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "proxy/pacing/paced_request.h"

namespace sluice {

class FairQueue {
 public:
  // `clients`: how many there are, named by index. `bound`: of waiting requests of one client.
  FairQueue(size_t clients, size_t bound) : bound_(bound), waiting_(clients, 0) {}
  ~FairQueue();
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t size(size_t client) const { return waiting_[client]; }
  bool full(size_t client) const { return waiting_[client] >= bound_; }

  // Requires of both: the request waits nowhere.
  void push(PacedRequest& request, size_t client);
  // Goes next, whatever the bound: it has had its turn before.
  void push_first(PacedRequest& request, size_t client);
  // The next to go, or nullptr.
  PacedRequest* pop();
  // False when the request does not wait.
  bool remove(PacedRequest& request);

  // How many go before the first one of the client; all, if it has none. Linear in the answer.
  size_t ahead_of(size_t client) const;

 private:
  void link(PacedRequest& request, size_t client, PacedRequest* previous, PacedRequest* next);

  size_t bound_;
  PacedRequest* first_ = nullptr;
  PacedRequest* last_ = nullptr;
  size_t size_ = 0;
  std::vector<size_t> waiting_;  // by client
};

}  // namespace sluice
