// log: lines on stderr, JSON or text. One call is one line: control characters in values are escaped.
// Thread: any. Values must hold no secret; nothing here can tell.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "config/model.h"

namespace sluice {

using LogField = std::pair<std::string_view, std::string_view>;

void configure_log(const LogConfig& config);
bool log_enabled(LogLevel level);
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

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

}  // namespace sluice
