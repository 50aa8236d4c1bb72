// retry: when a delivery is tried again (interface 6). Pure; any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "config/units.h"

namespace sluice {

// After the first, the second, ... failed attempt in a row; the last one repeats.
std::vector<Millis> default_retry_delays();

// `failures`: attempts in a row that failed, at least 1. `random` in [0, 1) adds up to 20 %.
Millis retry_delay(const std::vector<Millis>& delays, size_t failures, double random);

}  // namespace sluice
