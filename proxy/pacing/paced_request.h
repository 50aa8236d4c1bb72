// PacedRequest: one request that waits for its turn at a vendor's limit, base of the exchange. PacedList: an
// intrusive list of them; no allocation. Owner: whoever asks to be admitted; destroying a request takes it
// out of its list. Thread: the pacer's, but for the private part, which the scheduler's lock guards.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/pacing/budget.h"

namespace sluice {

class PacedList;
class Pacer;

class PacedRequest {
 public:
  PacedRequest() = default;
  PacedRequest(const PacedRequest&) = delete;
  PacedRequest& operator=(const PacedRequest&) = delete;

  // Its turn has come: send now.
  virtual void on_turn() = 0;
  // It was accepted, and can no longer be sent in time: the vendor has answered 429 meanwhile. It will be
  // accepted in `retry_after` seconds.
  virtual void on_refused(int64_t retry_after) = 0;
  // Both: it does not wait any more. Called from the pacer's timer only, never from within its methods, all
  // of which may be called here; the pacer must not be destroyed here.

 protected:
  ~PacedRequest();
  // No-op when it does not wait.
  void leave_queue();

 private:
  friend class FairQueue;
  friend class PacedList;
  friend class Pacer;
  friend class Promises;
  friend class Scheduler;

  Pacer* pacer_ = nullptr;  // where it waits; null when it does not
  PacedList* list_ = nullptr;
  PacedRequest* next_ = nullptr;
  PacedRequest* previous_ = nullptr;
  PacedRequest* earlier_ = nullptr;  // by promise_
  PacedRequest* later_ = nullptr;
  size_t client_ = 0;
  size_t bytes_ = 0;
  bool ready_ = true;
  bool refused_ = false;
  Nanos max_wait_{0};
  Nanos deadline_{0};        // when max_wait_ has passed
  Nanos promise_{0};         // a little before it, as timers may be late
  Slot slot_{};              // once its turn has come
  int64_t retry_after_ = 0;  // once it is refused
};

class PacedList {
 public:
  PacedList() = default;
  PacedList(const PacedList&) = delete;  // requests point to it
  PacedList& operator=(const PacedList&) = delete;
  ~PacedList();

  bool empty() const { return first_ == nullptr; }
  PacedRequest* first() const { return first_; }
  // Requires: the request is in no list.
  void push_back(PacedRequest& request) { link(request, last_, nullptr); }
  void push_front(PacedRequest& request) { link(request, nullptr, first_); }
  // Requires: the request is in this list.
  void remove(PacedRequest& request);

 private:
  void link(PacedRequest& request, PacedRequest* previous, PacedRequest* next);

  PacedRequest* first_ = nullptr;
  PacedRequest* last_ = nullptr;
};

}  // namespace sluice
