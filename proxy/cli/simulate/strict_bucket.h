// StrictBucket: a token bucket without mercy, as a vendor has it: full at first, `rate` tokens a second, at
// most `burst`. Counts in token-nanoseconds as doubles: exact enough at a simulator's rates. Owner:
// VendorFront.
#pragma once

#include <algorithm>

#include "config/units.h"

namespace sluice {

class StrictBucket {
 public:
  // A rate of 0 never refuses.
  StrictBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

  // Requires: `now` never goes back.
  bool try_take(Nanos now) {
    if (rate_ <= 0) return true;
    tokens_ = std::min(burst_, tokens_ + rate_ * std::chrono::duration<double>(now - last_).count());
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double rate_;
  double burst_;
  double tokens_;
  Nanos last_{0};
};

}  // namespace sluice
