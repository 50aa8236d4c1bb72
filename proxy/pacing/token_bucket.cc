#include "proxy/pacing/token_bucket.h"

#include <algorithm>
#include <cmath>

namespace sluice {
namespace {

// Covers a vendor's clock that runs 1000 ppm slower than ours with room; costs 0.2 % of the throughput.
constexpr double kRateMargin = 1.002;
// So many may go at once when idle, or all of a smaller bucket, however little that leaves for jitter.
constexpr double kLeastBurst = 5;
// Keep sums of intervals far from overflow. A lower burst is the safe side.
constexpr double kLongestInterval = 24.0 * 3600 * 1e9;
constexpr double kGreatestBurst = 1e4;
constexpr Nanos kFarthest = std::chrono::hours(24 * 3650);

Nanos nanos(double count) { return Nanos(std::llround(count)); }

double vendor_interval(RateLimit limit) { return std::min(1e9 / limit.rate, kLongestInterval); }

double vendor_burst(RateLimit limit) { return std::clamp(limit.burst, 1.0, kGreatestBurst); }

// Whole intervals only: a fraction of one would add nobody to the burst, and is worth more against jitter.
int64_t tolerated_intervals(RateLimit limit, Nanos interval) {
  const double allowance = static_cast<double>((kSlotLife + kNetworkJitter).count());
  const double spare = (vendor_burst(limit) - 1) * vendor_interval(limit) - allowance;
  return std::max(std::llround(std::floor(spare / static_cast<double>(interval.count()))),
                  std::llround(std::floor(std::min(vendor_burst(limit), kLeastBurst))) - 1);
}

}  // namespace

TokenBucket::TokenBucket(RateLimit limit, Nanos start)
    : interval_(std::max(nanos(vendor_interval(limit) * kRateMargin), Nanos(1))),
      tolerance_(interval_ * tolerated_intervals(limit, interval_)),
      regular_time_(start + nanos(vendor_burst(limit) * vendor_interval(limit))),
      control_(interval_) {}

void TokenBucket::change(RateLimit limit, Nanos now) {
  const Nanos held = held_until_;
  *this = TokenBucket(limit, now);
  held_until_ = held;
  if (held > now) regular_time_ = std::max(regular_time_, held + tolerance_);
}

Nanos TokenBucket::take(Nanos now) {
  const Nanos slot = expected(now, 0);
  regular_time_ = base(now) + control_.interval(now);
  return slot;
}

// What was taken before a hold is spent: the vendor has said that its bucket is empty.
void TokenBucket::give_back(Nanos slot) {
  if (slot >= held_until_) regular_time_ -= control_.interval(slot);
}

Nanos TokenBucket::expected(Nanos now, uint64_t ahead) const {
  const Nanos interval = control_.interval(now);
  const auto most = static_cast<uint64_t>(kFarthest / interval);
  const Nanos regular = base(now) + interval * static_cast<int64_t>(std::min(ahead, most));
  return std::max(now, regular - tolerance_);
}

bool TokenBucket::reject(Nanos now, Nanos until) {
  const bool again = now >= held_until_ && control_.on_rejection(now);
  held_until_ = std::max(held_until_, until);
  regular_time_ = std::max(regular_time_, until + tolerance_);
  return again;
}

// The regular time of the next slot, if it is taken now: time that has passed unused is gained up to the
// tolerance, or not at all.
Nanos TokenBucket::base(Nanos now) const {
  return std::max(regular_time_, control_.allows_burst(now) ? now : now + tolerance_);
}

}  // namespace sluice
