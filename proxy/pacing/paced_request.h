// PacedRequest: one waiting request, base of the exchange. Linked into the pacer's queue while it waits.
// Owner: whoever asks to be admitted. Destroying it takes it out of the queue. Thread: the pacer's.
#pragma once

#include <cstddef>

namespace sluice {

class FairQueue;

class PacedRequest {
 public:
  PacedRequest() = default;
  PacedRequest(const PacedRequest&) = delete;
  PacedRequest& operator=(const PacedRequest&) = delete;

  // Its turn has come: send now. Not waiting any more. Called from the pacer's timer only, never from within
  // admit(), readmit(), leave() or hold(), all of which may be called here; the pacer must not be destroyed
  // here.
  virtual void on_turn() = 0;

 protected:
  ~PacedRequest();

 private:
  friend class FairQueue;
  PacedRequest* next_ = nullptr;
  PacedRequest* previous_ = nullptr;
  size_t client_ = 0;
  FairQueue* queue_ = nullptr;  // in which it waits
};

}  // namespace sluice
