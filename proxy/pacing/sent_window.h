// SentWindow: how many requests went out in the last ten seconds. Counts by second; the oldest one counts by
// the part of it that is still within. Owner: the scheduler, one per client and one for all. Thread: whoever
// holds its lock. Costs about 15 instructions for a request.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "config/units.h"

namespace sluice {

class SentWindow {
 public:
  static constexpr int64_t kSeconds = 10;

  // Workers' times may be a little out of order.
  void add(Nanos now) {
    const int64_t second = now / kUnit;
    if (second > newest_) move_to(second);
    ++counts_[static_cast<uint64_t>(newest_) % kCounts];
  }

  double recent(Nanos now) const {
    const int64_t second = std::max(now / kUnit, newest_);
    if (newest_ < second - kSeconds) return 0;
    double sum = 0;
    for (int64_t at = std::max<int64_t>(second - kSeconds + 1, 0); at <= newest_; ++at) sum += count_of(at);
    const double passed = std::chrono::duration<double>(now - second * kUnit).count();
    const double part = 1 - std::clamp(passed, 0.0, 1.0);
    return second >= kSeconds ? sum + part * count_of(second - kSeconds) : sum;
  }

 private:
  static constexpr Nanos kUnit = std::chrono::seconds(1);
  static constexpr size_t kCounts = 16;  // a power of two, more than are looked at

  double count_of(int64_t second) const { return counts_[static_cast<uint64_t>(second) % kCounts]; }

  void move_to(int64_t second) {
    const int64_t passed = std::min<int64_t>(second - newest_, kCounts);
    for (int64_t i = 0; i < passed; ++i) counts_[static_cast<uint64_t>(second - i) % kCounts] = 0;
    newest_ = second;
  }

  int64_t newest_ = 0;
  std::array<uint32_t, kCounts> counts_{};
};

}  // namespace sluice
