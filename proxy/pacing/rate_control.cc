#include "proxy/pacing/rate_control.h"

#include <algorithm>
#include <cmath>

namespace sluice {
namespace {

constexpr Nanos kMemory = std::chrono::minutes(1);
constexpr double kCut = 0.7;
constexpr double kCubic = 0.4;
constexpr size_t kAlarm = 3;

double seconds_of(Nanos duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

bool RateControl::on_rejection(Nanos now) {
  while (!rejections_.empty() && rejections_.front() <= now - kMemory) rejections_.pop_front();
  rejections_.push_back(now);
  if (rejections_.size() > kAlarm) rejections_.pop_front();
  burst_back_ = now + kMemory;
  if (rejections_.size() >= 2) {
    rate_before_ = 1 / seconds_of(interval(now));
    rate_after_ = kCut * rate_before_;
    slowed_at_ = now;
  }
  return rejections_.size() >= kAlarm;
}

Nanos RateControl::interval(Nanos now) const {
  if (slowed_at_ == Nanos::min()) return interval_;
  const double k = std::cbrt((rate_before_ - rate_after_) / kCubic);
  const double rate = kCubic * std::pow(seconds_of(now - slowed_at_) - k, 3) + rate_before_;
  if (rate * seconds_of(interval_) >= 1) return interval_;
  return Nanos(std::llround(1e9 / std::max(rate, rate_after_)));
}

}  // namespace sluice
