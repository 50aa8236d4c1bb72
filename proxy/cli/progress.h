// Progress: how far a long command is, on one line of the terminal that stderr is: drawn at most ten times a
// second, not before half a second has passed, and wiped away at the end. Silent where stderr is no terminal,
// or one that cannot move its cursor (TERM=dumb). No colors, so NO_COLOR changes nothing. Owner and thread:
// the command's.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "config/units.h"
#include "proxy/net/clock.h"

namespace sluice {

class Progress {
 public:
  struct Place {
    int descriptor = STDERR_FILENO;
    Nanos (*now)() = monotonic_now;
  };

  // `what` is counted, in the plural: "events".
  explicit Progress(std::string what, const Place& place);
  explicit Progress(std::string what) : Progress(std::move(what), Place()) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // So many are done. `share`: of everything, 0 to 1; less than 0: not known. Cheap.
  void at(uint64_t count, double share = -1);
  // Before anything else is printed.
  void clear();

 private:
  std::string line(uint64_t count, double share, Nanos elapsed) const;
  void put(std::string_view text) const;

  const std::string what_;
  const Place place_;
  const bool shows_;
  const Nanos begun_;
  Nanos next_;  // when it may be drawn again
  bool is_drawn_ = false;
};

// Of a range, from `first` to `last`, in which `through` has been reached; less than 0: there is none.
double share_of(uint64_t first, uint64_t through, uint64_t last);

}  // namespace sluice
