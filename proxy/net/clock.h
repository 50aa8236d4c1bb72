// clock: the two clocks. Any thread.
#pragma once

#include <cstdint>

#include "config/units.h"

namespace sluice {

// For durations: the monotonic clock (uv_hrtime).
Nanos monotonic_now();

// For what is kept and shown: Unix time in milliseconds.
int64_t unix_ms_now();

}  // namespace sluice
