// audit_source: what the commands of `sluice audit` share: which spool is meant, which events of it, and how
// a spool that cannot be used is spoken of. Thread: main.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/result.h"
#include "proxy/audit/event_filter.h"
#include "proxy/audit/spool_reader.h"

namespace CLI {
class App;
}

namespace sluice {

// --config or --spool.
struct AuditSource {
  std::string config;
  std::string spool;
};
void add_source_options(CLI::App& command, AuditSource& source);
// Prints what is wrong and returns nullopt: the command exits 2.
std::optional<std::string> find_spool(const AuditSource& source);
// Tells a folder, an empty file, another program's database and another version apart.
Result<std::unique_ptr<SpoolReader>> open_spool(const std::string& path);

// --since, --until and --type as they were given.
struct AuditRangeText {
  std::string since, until;
  std::vector<std::string> types;
};
void add_range_options(CLI::App& command, AuditRangeText& range);

// Which events are meant; both ends belong to it.
struct AuditRange {
  uint64_t first = 1, last = INT64_MAX;                // sequences
  int64_t since_ms = INT64_MIN, until_ms = INT64_MAX;  // Unix time
  EventFilter filter;
  bool has(const StoredEvent& event) const;
};
// A time is RFC 3339, a duration such as 1h (ago), or a sequence number.
Result<AuditRange> parse_range(const AuditRangeText& text);

// "sluice: MESSAGE" on stderr; 2.
int audit_failure(const std::string& message);

}  // namespace sluice
