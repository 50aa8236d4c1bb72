// Pacer: one worker's door to the waiting room of one API. Brings its requests there, and their turns back to
// the worker's thread. Owner: worker. Thread: its loop's, but for wake(). Never blocks; no allocation for a
// request.
#pragma once

#include <memory>

#include "proxy/pacing/pace_clock.h"
#include "proxy/pacing/paced_request.h"
#include "proxy/pacing/scheduler.h"

namespace sluice {

class Pacer final : private TimeObserver {
 public:
  Pacer(std::unique_ptr<PaceClock> clock, Scheduler& scheduler);
  // Whoever still waits is forgotten without a call.
  ~Pacer();
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  // Requires: the request does not wait.
  Admission admit(PacedRequest& request, const PaceTerms& terms);
  // One that was not ready can be sent now. True: it goes at once, and does not wait any more. Requires: it
  // waits and was not ready.
  bool ready(PacedRequest& request);
  // Back to the head of its client's queue, whatever the bounds: it has had its turn, and the vendor has
  // refused it with 429, or its turn has become void. False: `deadline` or a hold leaves no time.
  bool readmit(PacedRequest& request, const PaceTerms& terms, Nanos deadline);
  // To the end of its client's queue: it has waited for the answer to another one. False: no time, or no
  // room.
  bool join(PacedRequest& request, const PaceTerms& terms, Nanos deadline);
  // The caller has left. No-op when it does not wait.
  void leave(PacedRequest& request);
  // The vendor answered 429: nothing goes out for `pause`, on any worker. True: it has done so repeatedly.
  bool reject(Millis pause);
  // Whether a turn given at `turn` may not be used any more: a hold has come, or the time is over by more
  // than the network's jitter is reckoned with.
  bool is_void(Nanos turn) const;

 private:
  friend class Scheduler;

  void on_time() override;
  void arm(Nanos at) { clock_->arm(at); }
  // Any thread: on_time follows on the loop.
  void wake() { clock_->wake(); }

  std::unique_ptr<PaceClock> clock_;
  Scheduler& scheduler_;
  PacedList given_;  // turns and refusals on their way to the loop; the scheduler's lock guards it
};

}  // namespace sluice
