// log: lines on stderr, JSON or text. One call is one line: it is ASCII, with everything else escaped, so
// that nothing in a value can break or forge one. Where stderr is the journal, each begins with its priority
// (sd-daemon(3)). While a LogThread lives, lines are written by a thread of its own, in order, and what is
// said again and again is summed up (log_repeats.h); otherwise each call writes. Thread: any. Values must
// hold no secret; nothing here can tell. Costs some hundred instructions a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "config/model.h"

namespace sluice {

using LogField = std::pair<std::string_view, std::string_view>;

// Also looks where stderr leads.
void configure_log(const LogConfig& config);
bool log_enabled(LogLevel level);
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
// However often it is said: for lists, where each line is another.
void log_each(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
// What has come is written when it returns, unless nobody takes it for a second. For who is about to abort.
void flush_log();
// Since the start.
uint64_t log_lines_dropped();

inline void log_debug(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::kDebug, m, f);
}
inline void log_info(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::kInfo, m, f);
}
inline void log_warning(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::kWarning, m, f);
}
inline void log_error(std::string_view m, std::initializer_list<LogField> f = {}) {
  log(LogLevel::kError, m, f);
}

// While it lives, no call of log() waits for stderr: see LogWriter. At most one at a time. Owner: the serve
// command.
class LogThread {
 public:
  LogThread();
  ~LogThread();  // what has come is written, unless nobody takes it for a second
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;
};

}  // namespace sluice
