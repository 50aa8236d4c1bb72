// FairQueue: who waits, and who goes next. Start-time fair queuing (Goyal, Vin, Cheng 1996): each client has
// a queue of its own, first come first served; a request starts at S = max(V, F) of virtual time and ends at
// F = S + 1 / weight; the lowest S goes, and V becomes it. So clients that wait share the slots by their
// weights, and who comes seldom waits for about one request of each other. A request that is not ready yet
// keeps its place and holds nobody up. Links the requests themselves: no allocation. Owner: the scheduler.
// Thread: whoever holds its lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "proxy/pacing/paced_request.h"
#include "proxy/pacing/promises.h"

namespace sluice {

class FairQueue {
 public:
  // One for each client, named by index; > 0.
  explicit FairQueue(const std::vector<double>& weights);

  // From now on: what has its time already keeps it. Requires: none fewer than before.
  void set_weights(const std::vector<double>& weights);

  size_t size() const { return size_; }
  size_t bytes() const { return bytes_; }
  size_t size(size_t client) const { return flows_[client].size; }
  size_t bytes(size_t client) const { return flows_[client].bytes; }
  double weight(size_t client) const { return flows_[client].weight; }
  // The sum of the weights of clients that have something waiting.
  double waiting_weight() const { return waiting_weight_; }

  // Requires: the request waits nowhere; its client, size and readiness are set.
  void push(PacedRequest& request);
  // At the head of its client's queue, and not counted against it again: it has had its turn before.
  void push_first(PacedRequest& request);
  // Requires: it waits here and was not ready.
  void set_ready(PacedRequest& request);
  // The next to go, or nullptr: of those that are ready.
  PacedRequest* next() const;
  // Takes one out whose turn has come: next(), or another that is ready.
  void pop(PacedRequest& request);
  // Requires: it waits here.
  void remove(PacedRequest& request);
  // The client's first, or nullptr.
  const PacedRequest* first(size_t client) const { return flows_[client].requests.first(); }
  // How many go before the first request of a client that has had nothing for a while.
  size_t before_newcomer() const;
  const Promises& promises() const { return promises_; }
  // A request of the client has gone without waiting.
  void charge(size_t client);

 private:
  struct Flow {
    PacedList requests;
    size_t size = 0;
    size_t bytes = 0;
    size_t ready = 0;
    double weight = 1;
    double start = 0;    // of its first ready request
    double finish = 0;   // of the last one that went
    uint64_t since = 0;  // orders equal starts: first come, first served
  };

  void enter(PacedRequest& request);
  void begin(Flow& flow, double earliest);
  void advance(size_t client);
  bool goes_before(size_t client, size_t other) const;
  std::vector<size_t>::iterator place_of(size_t client);
  // Around each change of what its place among the ready follows from; no-op when it has nothing ready.
  void fall_out(size_t client);
  void line_up(size_t client);

  std::deque<Flow> flows_;  // does not move them when it grows
  Promises promises_;
  std::vector<size_t> ready_;  // clients with a ready request, the next to go first
  size_t size_ = 0;
  size_t bytes_ = 0;
  double waiting_weight_ = 0;
  double virtual_time_ = 0;
  uint64_t begun_ = 0;
};

}  // namespace sluice
