#include "proxy/audit/retry.h"

#include <algorithm>

namespace sluice {

std::vector<Millis> default_retry_delays() {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  return {seconds(1), seconds(5), seconds(30), minutes(2), minutes(10), minutes(30), hours(1)};
}

Millis retry_delay(const std::vector<Millis>& delays, size_t failures, double random) {
  const Millis base = delays[std::min(std::max<size_t>(failures, 1), delays.size()) - 1];
  return base + Millis(static_cast<int64_t>(static_cast<double>(base.count()) * 0.2 * random));
}

}  // namespace sluice
