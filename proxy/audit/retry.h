// retry: when a delivery is tried again (interface 6). Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "config/units.h"

namespace sluice {

// After the first, the second, ... failed attempt in a row; the last one repeats.
std::vector<Millis> default_retry_delays();

// `failures`: attempts in a row that failed, at least 1. `random` in [0, 1) adds up to 20 %.
Millis retry_delay(const std::vector<Millis>& delays, size_t failures, double random);

// RFC 9110 10.2.3: seconds, or a date in one of its three forms. At most 24 h; nullopt for anything else.
std::optional<Millis> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now);

}  // namespace sluice
