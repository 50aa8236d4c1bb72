// Pacer: the waiting room of one API on one worker. A request asks to be admitted when it is whole; it goes at once if
// a slot is free and nobody waits, waits its turn, or learns at once that it cannot be served in time.
// Owner: worker. Thread: its loop's. Never blocks; no allocation for a request that goes at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "config/model.h"
#include "proxy/net/event_loop.h"
#include "proxy/pacing/budget.h"

namespace sluice {

// One waiting request: base of the exchange. Linked into the queue while it waits.
class PacedRequest {
 public:
  // Its turn has come: send now. Not waiting any more.
  virtual void on_turn() = 0;

 protected:
  ~PacedRequest() = default;

 private:
  friend class FairQueue;
  PacedRequest* next_ = nullptr;
  PacedRequest* previous_ = nullptr;
  size_t client_ = 0;
  bool queued_ = false;
};

struct Admission {
  enum class Kind : uint8_t { kGo, kQueued, kQueueFull, kWaitTooLong };
  Kind kind = Kind::kGo;
  int64_t retry_after = 0;  // whole seconds, at least 1; of the two refusals: a time at which it will be accepted
};

class Pacer {
 public:
  // `clients` is the number of configured clients: they are named by index.
  static std::unique_ptr<Pacer> make(EventLoop& loop, Budget& budget, const QueueConfig& config, size_t clients);
  virtual ~Pacer() = default;

  // `max_wait` is the shorter of the configured one and the caller's own.
  virtual Admission admit(PacedRequest& request, size_t client, Millis max_wait) = 0;
  // Back to the head of the queue, whatever the wait: a read that the vendor refused with 429.
  virtual void readmit(PacedRequest& request, size_t client) = 0;
  // The caller has left. No-op when it is not waiting.
  virtual void leave(PacedRequest& request) = 0;
  // The vendor answered 429: nothing goes out for `pause`.
  virtual void hold(Millis pause) = 0;
  virtual size_t waiting(size_t client) const = 0;
  virtual size_t waiting() const = 0;
};

// The pause that a vendor's Retry-After asks for (delay-seconds or an HTTP date), clamped to [1 s, 300 s]; 1 s without one
// or when it cannot be read.
Millis retry_pause(std::string_view retry_after, std::chrono::system_clock::time_point now);

}  // namespace sluice
