// access_line: the log's line of one request (`log.access`), at its end: what the audit's record has of it,
// the trace it belongs to, and the whole time. A field without a value is left out; the path is cut at
// kMostPath octets, the reason at kMostReason; the query is never written. Thread: the worker's. Never held
// back as a repeat.
#pragma once

#include <cstddef>

#include "config/units.h"
#include "proxy/audit/record.h"

namespace sluice {

inline constexpr size_t kMostPath = 1024;
inline constexpr size_t kMostReason = 256;

// Requires: log_enabled(LogLevel::kInfo) was asked.
void log_access(const AuditRecord& record, Nanos total);

}  // namespace sluice
