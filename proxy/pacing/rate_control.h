// RateControl: what a vendor's own 429s teach. The first one takes the burst away for a minute: somebody else
// uses the key. The second within a minute slows the schedule to 0.7 of its rate, from where it grows back as
// CUBIC does (RFC 9438 4.2: C (t - K)^3 + W_max, C = 0.4, in requests a second), never above the configured
// rate. From the third on it is an alarm: the key is used elsewhere, or the vendor's limit is lower than
// configured. Pure. Owner: the budget. Thread: whoever holds its lock.
#pragma once

#include <deque>

#include "config/units.h"

namespace sluice {

class RateControl {
 public:
  // `interval` between two slots, of a vendor that has not complained.
  explicit RateControl(Nanos interval) : interval_(interval) {}

  // The vendor has answered 429; several answers about requests of one moment are one. True: the third within
  // a minute, or a later one.
  bool on_rejection(Nanos now);
  Nanos interval(Nanos now) const;
  // Whether idle time may be made up for by sending several at once.
  bool allows_burst(Nanos now) const { return now >= burst_back_; }

 private:
  Nanos interval_;
  std::deque<Nanos> rejections_;  // of the last minute, the newest three
  Nanos burst_back_ = Nanos::min();
  Nanos slowed_at_ = Nanos::min();
  double rate_before_ = 0;  // per second, when it was last slowed
  double rate_after_ = 0;
};

}  // namespace sluice
