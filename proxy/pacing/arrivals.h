// Arrivals: how many requests a client has sent of late, as a guess at how many it will send soon: those of
// the present span of ten seconds and of the one before. Owner: the scheduler, one per client. Thread:
// whoever holds its lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "config/units.h"

namespace sluice {

class Arrivals {
 public:
  void add(Nanos now) {
    const int64_t span = now / kSpan;
    if (span != span_) {
      before_ = span == span_ + 1 ? present_ : 0;
      present_ = 0;
      span_ = span;
    }
    ++present_;
  }
  size_t recent(Nanos now) const {
    const int64_t passed = now / kSpan - span_;
    return passed == 0 ? present_ + before_ : passed == 1 ? present_ : 0;
  }

 private:
  static constexpr Nanos kSpan = std::chrono::seconds(10);

  int64_t span_ = -2;
  size_t present_ = 0;
  size_t before_ = 0;
};

}  // namespace sluice
