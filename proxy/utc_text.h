// utc_text: a time as RFC 3339 in UTC with milliseconds, "2026-11-28T10:12:45.123Z". Pure, but for the last
// second's text, which each thread keeps: most times that are written follow closely. About 60 instructions.
#pragma once

#include <chrono>
#include <cstddef>

namespace sluice {

inline constexpr size_t kUtcTextSize = 24;
// Writes kUtcTextSize characters, without a NUL. Years 0 to 9999.
void write_utc(char* at, std::chrono::system_clock::time_point time);

}  // namespace sluice
