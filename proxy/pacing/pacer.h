// Pacer: the waiting room of one API on one worker. A request asks to be admitted when it is whole; it goes
// at once if a slot is free and nobody waits, waits its turn, or learns at once that it cannot be served in
// time. Owner: worker. Thread: its loop's. Never blocks; no allocation for a request.
#pragma once

#include <cstdint>
#include <memory>

#include "config/model.h"
#include "proxy/net/event_loop.h"
#include "proxy/pacing/budget.h"
#include "proxy/pacing/feedback.h"
#include "proxy/pacing/pace_clock.h"
#include "proxy/pacing/paced_request.h"

namespace sluice {

struct Admission {
  enum class Kind : uint8_t { kGo, kQueued, kQueueFull, kWaitTooLong };
  Kind kind = Kind::kGo;
  int64_t retry_after =
      0;  // whole seconds, at least 1; of the two refusals: a time at which it will be accepted
};

class Pacer {
 public:
  // `clients` is the number of configured clients: they are named by index.
  static std::unique_ptr<Pacer> make(EventLoop& loop, Budget& budget, const QueueConfig& config,
                                     size_t clients);
  static std::unique_ptr<Pacer> make(std::unique_ptr<PaceClock> clock, Budget& budget,
                                     const QueueConfig& config, size_t clients);
  // Whoever still waits is forgotten without a call.
  virtual ~Pacer() = default;

  // `max_wait` is the shorter of the configured one and the caller's own. Requires: the request does not
  // wait.
  virtual Admission admit(PacedRequest& request, size_t client, Millis max_wait) = 0;
  // Back to the head of the queue, whatever the wait: a read that the vendor refused with 429.
  virtual void readmit(PacedRequest& request, size_t client) = 0;
  // The caller has left. No-op when it is not waiting.
  virtual void leave(PacedRequest& request) = 0;
  // The vendor answered 429: nothing goes out for `pause`, on any worker.
  virtual void hold(Millis pause) = 0;
  virtual size_t waiting(size_t client) const = 0;
  virtual size_t waiting() const = 0;
};

}  // namespace sluice
