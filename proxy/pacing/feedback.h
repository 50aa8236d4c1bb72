// feedback: what a vendor's 429 says. Pure; any thread.
#pragma once

#include <chrono>
#include <string_view>

#include "config/units.h"

namespace sluice {

// The pause that a vendor's Retry-After asks for (delay-seconds or an HTTP date, RFC 9110 10.2.3), clamped to
// [1 s, 300 s]; 1 s without one or when it cannot be read.
Millis retry_pause(std::string_view retry_after, std::chrono::system_clock::time_point now);

}  // namespace sluice
