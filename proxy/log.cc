#include "proxy/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "proxy/log_line.h"
#include "proxy/log_repeats.h"
#include "proxy/log_writer.h"
#include "proxy/net/clock.h"

namespace sluice {
namespace {

constexpr Millis kPatience{1'000};  // with a stderr that takes nothing

std::atomic<LogLevel> least_level{LogLevel::kInfo};
std::atomic<bool> limits_repeats{false};

// Never destroyed: a thread that hangs in write(2) may outlive main().
LogWriter& writer() {
  static LogWriter& only = *new LogWriter;
  return only;
}

struct Repeats {
  std::mutex mutex;
  LogRepeats known;  // guarded by mutex
};
Repeats& repeats() {
  static Repeats& only = *new Repeats;
  return only;
}

// systemd.exec(5): JOURNAL_STREAM is the DEVICE:INODE of the journal's socket. A child with another stderr
// has the variable too.
bool writes_to_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
  return stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

void write_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  LogLine line(level, message);
  for (const auto& [name, value] : fields) line.text(name, value);
  writer().write(line.finish());
}

void write_summaries(bool all) {
  std::vector<LogRepeats::Summary> held_back;
  {
    const std::lock_guard lock(repeats().mutex);
    held_back = repeats().known.take(monotonic_now(), all);
  }
  for (const LogRepeats::Summary& one : held_back) {
    LogLine line(one.level, one.message);
    for (const auto& [name, value] : one.fields) line.text(name, value);
    line.number("repeated", static_cast<int64_t>(one.repeated));
    writer().write(line.finish());
  }
}

bool is_repeat(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!limits_repeats.load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock(repeats().mutex);
  return !repeats().known.admit(level, message, fields, monotonic_now());
}

}  // namespace

void configure_log(const LogConfig& config) {
  least_level = config.level;
  set_log_format(config.format, writes_to_journal());
}

bool log_enabled(LogLevel level) { return level >= least_level.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!log_enabled(level) || is_repeat(level, message, fields)) return;
  write_line(level, message, fields);
}

void log_each(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (log_enabled(level)) write_line(level, message, fields);
}

void write_log_line(LogLine& line) { writer().write(line.finish()); }

void flush_log() { writer().flush(kPatience); }

uint64_t log_lines_dropped() { return writer().dropped(); }

LogThread::LogThread() {
  {
    const std::lock_guard lock(repeats().mutex);
    repeats().known = {};
  }
  writer().start([] { write_summaries(false); });
  limits_repeats = true;
}

LogThread::~LogThread() {
  limits_repeats = false;
  write_summaries(true);
  writer().stop(kPatience);
}

}  // namespace sluice
