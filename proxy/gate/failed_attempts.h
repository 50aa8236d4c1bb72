// FailedAttempts: how often each source has not said who it is, and how long its next 401 is held back: who
// tries tokens out is slowed down, who makes a mistake hardly. Of 10,000 sources the latest; an IPv6 source
// is its /64, which one host has to itself (RFC 6177). Pure; not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>

#include "config/ip.h"
#include "config/units.h"

namespace sluice {

class FailedAttempts {
 public:
  static constexpr size_t kMostSources = 10'000;
  static constexpr Millis kWindow{60'000};
  static constexpr Millis kFirstDelay{100};  // doubled by each further attempt
  static constexpr Millis kLongestDelay{5'000};

  // Counts one more. `free`: how many in a window are answered at once; 0: all.
  Millis count(const IpAddress& source, int64_t free, Millis now);
  size_t sources() const { return by_source_.size(); }

 private:
  using Key = std::array<uint8_t, 16>;
  struct Entry {
    Key key;
    Millis since;  // when its window began
    int64_t count = 0;
  };
  static Key key_of(const IpAddress& source);

  std::list<Entry> entries_;  // the latest first
  std::map<Key, std::list<Entry>::iterator> by_source_;
};

}  // namespace sluice
