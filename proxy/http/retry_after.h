// retry_after: the field Retry-After of an answer. Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "config/units.h"

namespace sluice {

// RFC 9110 10.2.3: seconds, or a date in one of its three forms. At most 24 h; nullopt for anything else.
std::optional<Millis> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now);

}  // namespace sluice
