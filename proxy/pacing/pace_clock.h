// PaceClock: the time and the one timer of a pacer, and the seam at which tests put a virtual clock.
// Owner: its pacer. Thread: the loop's.
#pragma once

#include <memory>

#include "config/units.h"
#include "proxy/net/event_loop.h"

namespace sluice {

class TimeObserver {
 public:
  // The time that was armed has come, never before it; or somebody has called wake().
  virtual void on_time() = 0;

 protected:
  ~TimeObserver() = default;
};

class PaceClock {
 public:
  virtual ~PaceClock() = default;
  virtual void set_observer(TimeObserver* observer) = 0;
  // Monotonic.
  virtual Nanos now() const = 0;
  // Tells the observer once, in a later turn, at `at` or after. Replaces what was armed before.
  virtual void arm(Nanos at) = 0;
  // Any thread: tells the observer in a later turn, several calls perhaps once.
  virtual void wake() = 0;
};

// uv_hrtime, one uv_timer_t and one uv_async_t.
std::unique_ptr<PaceClock> make_pace_clock(EventLoop& loop);

}  // namespace sluice
