// What runs of a World have in common: the limit, how long, which seed, and the line that says how it went.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "shared_budget_world.h"

namespace sluice::shared_runs {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr RateLimit kLimit{10, 10};
constexpr Nanos kStartUp = seconds(5);

// SLUICE_SHARED_MINUTES: how long each of the long runs takes in virtual time.
inline Nanos horizon(int64_t usual) {
  const char* text = std::getenv("SLUICE_SHARED_MINUTES");
  return minutes(text != nullptr ? std::atoi(text) : usual);
}

inline uint64_t seed() {
  const char* text = std::getenv("SLUICE_SHARED_SEED");
  return text != nullptr ? static_cast<uint64_t>(std::atoll(text)) : 1;
}

inline void print(const char* what, const World& world, Nanos from) {
  std::printf(
      "%-44s %6zu sent, %5.2f %% of the limit, %d refused, %d overruns, %.2f calls each, %zu slots "
      "forfeited\n",
      what, world.sent(), 100 * world.used(from, world.now()), world.rejections(kLimit), world.overruns(),
      static_cast<double>(world.calls()) / static_cast<double>(std::max<size_t>(1, world.sent())),
      world.forfeited());
}

inline void start_all(World& world, int64_t replicas, Load load = {}) {
  for (int64_t i = 0; i < replicas; ++i) world.start(replicas, load);
}

}  // namespace sluice::shared_runs
