#include "proxy/log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace sluice {
namespace {

std::atomic<LogLevel> least_level{LogLevel::kInfo};
std::atomic<LogFormat> line_format{LogFormat::kJson};

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

// RFC 3339 in UTC with milliseconds.
std::string time_text() {
  const auto now = std::chrono::system_clock::now();
  const time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(millis));
  return text;
}

// ASCII only: a terminal that shows the line has nothing to interpret, and octets that are not UTF-8 cannot
// break it.
std::string dump(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::string json_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  nlohmann::ordered_json line{{"time", time_text()}, {"level", name_of(level)}, {"message", message}};
  for (const auto& [name, value] : fields) line[std::string(name)] = value;
  return dump(line);
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=';
         });
}

// A message is a sentence: only what could forge or garble a line is escaped.
std::string escaped_message(std::string_view message) {
  const std::string quoted = dump(message);
  return quoted.substr(1, quoted.size() - 2);
}

std::string text_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = time_text();
  line.append(" ").append(name_of(level)).append(" ").append(escaped_message(message));
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=");
    if (needs_quotes(value)) {
      line += dump(value);
    } else {
      line += value;
    }
  }
  return line;
}

// One write(2), so that lines of several threads do not mix. A log that cannot be written stops nothing.
void write_line(std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void configure_log(const LogConfig& config) {
  least_level = config.level;
  line_format = config.format;
}

bool log_enabled(LogLevel level) { return level >= least_level.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!log_enabled(level)) return;
  const bool json = line_format.load(std::memory_order_relaxed) == LogFormat::kJson;
  write_line(json ? json_line(level, message, fields) : text_line(level, message, fields));
}

}  // namespace sluice
