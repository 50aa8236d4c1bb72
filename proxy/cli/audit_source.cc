#include "proxy/cli/audit_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <iostream>

#include "config/ascii.h"
#include "config/config_reader.h"
#include "config/rfc3339.h"
#include "config/text_check.h"
#include "config/units.h"

namespace sluice {

namespace {

// A time or a sequence; the other one is left alone.
Result<void> parse_bound(const std::string& option, const std::string& text, uint64_t& sequence,
                         int64_t& time_ms) {
  if (text.empty()) return {};
  if (is_digits(text)) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return Error{option + ": there is no such event"};
    sequence = static_cast<uint64_t>(value);
    return {};
  }
  std::optional<std::chrono::system_clock::time_point> point = parse_rfc3339(text);
  if (const auto ago = parse_duration(text)) point = std::chrono::system_clock::now() - *ago;
  if (!point)
    return Error{option +
                 ": expected a time such as 2026-01-31T12:00:00Z, a duration such as 1h (ago), or an " +
                 "event's sequence number, got '" + text + "'"};
  time_ms = std::chrono::floor<Millis>(*point).time_since_epoch().count();
  return {};
}

}  // namespace

int audit_failure(const std::string& message) {
  std::cerr << "sluice: " << printable(message) << '\n';
  return 2;
}

void add_source_options(CLI::App& command, AuditSource& source) {
  CLI::Option* config =
      command.add_option("--config", source.config, "The configuration file, which names the spool");
  CLI::Option* spool =
      command.add_option("--spool", source.spool, "The spool itself, or a copy of it and its -wal file");
  config->excludes(spool);
}

std::optional<std::string> find_spool(const AuditSource& source) {
  if (!source.spool.empty()) return source.spool;
  if (source.config.empty()) {
    audit_failure("name the spool: --config FILE or --spool FILE");
    return std::nullopt;
  }
  Findings findings;
  const auto config = read_config_file(source.config, findings);
  findings.sort();
  for (const Finding& finding : findings.all())
    if (!config || finding.severity == Severity::kError) std::cerr << to_text(finding) << '\n';
  if (!config) return std::nullopt;
  return config->audit.spool;
}

Result<std::unique_ptr<SpoolReader>> open_spool(const std::string& path) {
  const std::string place = "audit spool " + path;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Error{place + ": " + std::strerror(errno)};
  if (S_ISDIR(status.st_mode)) return Error{place + " is a folder: name the file in it, such as audit.db"};
  if (!S_ISREG(status.st_mode)) return Error{place + " is not a file"};
  if (::access(path.c_str(), R_OK) != 0)
    return Error{place + ": " + std::strerror(errno) + ": it belongs to the gate's user"};
  if (status.st_size == 0 && ::access((path + "-wal").c_str(), F_OK) != 0)
    return Error{place + " is empty: no gate has written to it yet, or the copy failed"};
  return SpoolReader::open(path);
}

void add_range_options(CLI::App& command, AuditRangeText& range) {
  command.add_option("--since", range.since,
                     "From this time (RFC 3339), duration ago (1h) or sequence number on");
  command.add_option("--until", range.until, "Up to this time, duration ago or sequence number");
  command.add_option("--type", range.types, "Types such as request.denied or request.*; may be repeated")
      ->allow_extra_args(false);
}

bool AuditRange::has(const StoredEvent& event) const {
  return event.sequence >= first && event.sequence <= last && event.time_ms >= since_ms &&
         event.time_ms <= until_ms && filter.matches(event.type);
}

Result<AuditRange> parse_range(const AuditRangeText& text) {
  AuditRange range;
  if (auto done = parse_bound("--since", text.since, range.first, range.since_ms); !done) return done.error();
  if (auto done = parse_bound("--until", text.until, range.last, range.until_ms); !done) return done.error();
  auto filter = EventFilter::make(text.types);
  if (!filter) return Error{"--type: " + filter.error().message};
  range.filter = *filter;
  return range;
}

}  // namespace sluice
