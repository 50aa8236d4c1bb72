// LogRepeats: holds back a line that is said again and again, and counts it. Two lines are the same when
// level, message and the fields that name a part of the configuration (an API, a webhook, ...) are: what a
// caller sends makes no line another, so that hostile requests neither fill the log nor this table. The first
// kMost of a window are written. Owner: log.cc, one for the process. Thread: one at a time. Memory: kPlaces
// lines, and twice as many that nobody has taken yet; where there are more, the rest counts as one.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/units.h"

namespace sluice {

class LogRepeats {
 public:
  static constexpr uint64_t kMost = 10;
  static constexpr Nanos kWindow = std::chrono::seconds(10);
  static constexpr size_t kPlaces = 128;
  static constexpr size_t kMostOver = 2 * kPlaces;

  // Whether it is written.
  bool admit(LogLevel level, std::string_view message,
             std::span<const std::pair<std::string_view, std::string_view>> fields, Nanos now);

  // What was held back in a window that is over.
  struct Summary {
    LogLevel level = LogLevel::kInfo;
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;  // those that name it
    uint64_t repeated = 0;
  };
  // `all`: of windows that are not over, too.
  std::vector<Summary> take(Nanos now, bool all);

 private:
  struct Place {
    uint64_t hash = 0;
    Summary line;        // `repeated`: held back
    uint64_t count = 0;  // 0: free
    Nanos began{0};
  };
  void keep(const Summary& line);
  Place& place_of(LogLevel level, std::string_view message,
                  std::span<const std::pair<std::string_view, std::string_view>> fields, Nanos now);

  std::array<Place, kPlaces> places_;
  Place others_;               // those for which there was no place
  std::vector<Summary> over_;  // of windows that are over
};

}  // namespace sluice
