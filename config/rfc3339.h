// rfc3339: times as people write them. Pure functions; nullopt for anything else.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sluice {

// RFC 3339: 2026-01-31T12:00:00Z, with fraction or offset if wanted.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);
// The same, or a date: its first moment, in UTC.
std::optional<std::chrono::system_clock::time_point> parse_date_or_time(std::string_view text);

}  // namespace sluice
