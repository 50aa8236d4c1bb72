#include "proxy/cli/audit_export_command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "proxy/cli/audit_source.h"
#include "proxy/cli/progress.h"
#include "proxy/safe_file.h"

namespace sluice {

namespace {

constexpr uint64_t kExportBatch = 500;

struct ExportOptions {
  AuditSource source;
  AuditRangeText range;
  std::string output;
};

using ExportSink = std::function<Result<void>(std::string_view)>;

Result<void> write_to_stdout(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error{std::string("cannot write the output: ") + std::strerror(errno)};
    octets.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

// What was written.
struct Exported {
  uint64_t events = 0, first = 0, last = 0;
  void add(uint64_t sequence) {
    if (events++ == 0) first = sequence;
    last = sequence;
  }
};

// The last event that there is of a range, as far as is known.
uint64_t end_of(SpoolReader& spool, const AuditRange& range) {
  const auto head = spool.head();
  return head ? std::min(range.last, head->sequence) : 0;
}

// `progress` may be null.
Result<Exported> export_events(SpoolReader& spool, const AuditRange& range, const ExportSink& sink,
                               Progress* progress) {
  Exported done;
  const uint64_t end = end_of(spool, range);
  std::optional<uint64_t> begin;
  std::string lines;
  for (uint64_t after = range.first == 0 ? 0 : range.first - 1;;) {
    const auto events = spool.read(after, kExportBatch);
    if (!events) return events.error();
    lines.clear();
    for (const StoredEvent& event : *events) {
      after = event.sequence;
      if (!range.has(event)) continue;
      if (event.body.find('\n') != std::string::npos)
        return Error{"event " + std::to_string(event.sequence) +
                     " holds a line end, which no event of a gate does: run sluice audit verify"};
      lines.append(event.body) += '\n';
      done.add(event.sequence);
    }
    if (auto written = sink(lines); !written) return written.error();
    if (!events->empty() && !begin) begin = events->front().sequence;
    if (progress != nullptr && begin) progress->at(done.events, share_of(*begin, after, end));
    if (events->empty() || after >= range.last) return done;
  }
}

void say(const Exported& done, const std::string& where) {
  std::cerr << done.events << " events";
  if (done.events > 0) std::cerr << ", " << done.first << " to " << done.last << ',';
  std::cerr << " exported" << where << '\n';
  if (done.first > 1)
    std::cerr << "check it with sluice audit verify --export FILE --begins-at " << done.first << '\n';
}

// An export replaces an older one, and nothing else: no device, no pipe, and nothing of the spool's.
Result<void> check_output(const std::string& path, const std::string& spool) {
  const std::filesystem::file_status there = std::filesystem::status(path);
  if (!std::filesystem::exists(there)) return {};
  if (!std::filesystem::is_regular_file(there))
    return Error{"--output: " + path + " is not a file: leave --output out, and send stdout there"};
  for (const char* suffix : {"", "-wal", "-shm", ".key", ".pub", ".checkpoints", ".checkpoints.1", ".lock"}) {
    std::error_code missing;
    if (std::filesystem::equivalent(path, spool + suffix, missing))
      return Error{"--output: " + path + " belongs to the spool: name another file"};
  }
  return {};
}

int export_to_file(SpoolReader& spool, const AuditRange& range, const std::string& path) {
  auto file = PendingFile::begin(path, 0600);
  if (!file) return audit_failure("--output: " + file.error().message);
  Progress progress("events");
  const auto done = export_events(
      spool, range, [&file](std::string_view lines) { return file->write(lines); }, &progress);
  progress.clear();
  if (!done) return audit_failure(done.error().message);
  if (auto finished = file->finish(); !finished)
    return audit_failure("--output: " + finished.error().message);
  say(*done, " to " + path);
  return 0;
}

int run_export(const ExportOptions& options) {
  const auto range = parse_range(options.range);
  if (!range) return audit_failure(range.error().message);
  const auto path = find_spool(options.source);
  if (!path) return 2;
  auto spool = open_spool(*path);
  if (!spool) return audit_failure(spool.error().message);
  if (!options.output.empty()) {
    if (auto fit = check_output(options.output, *path); !fit) return audit_failure(fit.error().message);
    return export_to_file(**spool, *range, options.output);
  }
  // Not among the events on one terminal.
  std::optional<Progress> progress;
  if (::isatty(STDOUT_FILENO) == 0) progress.emplace("events");
  const auto done = export_events(**spool, *range, write_to_stdout, progress ? &*progress : nullptr);
  progress.reset();
  if (!done) return audit_failure(done.error().message);
  say(*done, "");
  return 0;
}

}  // namespace

void add_audit_export_command(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand("export", "Write events as they are stored, one on a line");
  auto options = std::make_shared<ExportOptions>();
  add_source_options(*command, options->source);
  add_range_options(*command, options->range);
  command->add_option("--output", options->output,
                      "A file (0600) that appears when it is whole; default: stdout");
  command->footer(
      "JSON lines, octet for octet what the chain's hashes are made of: sluice audit verify --export FILE "
      "checks them.\n"
      "Exits 2 when they cannot be written. An export that --type filters has gaps.");
  command->callback([options, &exit_code] { exit_code = run_export(*options); });
}

}  // namespace sluice
