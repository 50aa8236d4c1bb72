// Appointments: the times at which one client was told to come back. Each stands for a request that will be
// accepted then, so that a crowd that is refused at once is not told to come back at once. Forgotten two
// seconds after its time; a thousand at most, and whoever is refused beyond that is told the time of the
// last. Owner: the scheduler, one per client. Thread: whoever holds its lock.
#pragma once

#include <algorithm>
#include <vector>

#include "config/units.h"

namespace sluice {

class Appointments {
 public:
  void add(Nanos at) {
    if (times_.size() < kMost) times_.insert(std::upper_bound(times_.begin(), times_.end(), at), at);
  }

  // How many may still be kept, up to `until`.
  size_t open(Nanos now, Nanos until) {
    times_.erase(times_.begin(), std::upper_bound(times_.begin(), times_.end(), now - kPatience));
    return static_cast<size_t>(std::upper_bound(times_.begin(), times_.end(), until) - times_.begin());
  }

  // A request comes: uses up an appointment whose time has come, if there is one.
  bool keep(Nanos now) {
    if (open(now, now) == 0) return false;
    times_.erase(times_.begin());
    return true;
  }

 private:
  static constexpr Nanos kPatience = std::chrono::seconds(2);
  static constexpr size_t kMost = 1'000;

  std::vector<Nanos> times_;  // sorted
};

}  // namespace sluice
