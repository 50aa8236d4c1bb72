#include "proxy/gate/failed_attempts.h"

#include <algorithm>

namespace sluice {

FailedAttempts::Key FailedAttempts::key_of(const IpAddress& source) {
  constexpr ptrdiff_t kPrefixOctets = 8;
  Key key = source.octets;
  if (!source.is_v4()) std::fill(key.begin() + kPrefixOctets, key.end(), uint8_t{0});
  return key;
}

Millis FailedAttempts::count(const IpAddress& source, int64_t free, Millis now) {
  if (free == 0) return Millis(0);
  const Key key = key_of(source);
  const auto known = by_source_.find(key);
  if (known != by_source_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
  } else {
    if (entries_.size() == kMostSources) {
      by_source_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front({key, now});
    by_source_[key] = entries_.begin();
  }
  Entry& entry = entries_.front();
  if (now - entry.since >= kWindow) {
    entry.since = now;
    entry.count = 0;
  }
  const int64_t beyond = ++entry.count - free;
  if (beyond <= 0) return Millis(0);
  constexpr int64_t kMostDoublings = 10;
  return std::min(kFirstDelay * (int64_t{1} << std::min(beyond - 1, kMostDoublings)), kLongestDelay);
}

}  // namespace sluice
