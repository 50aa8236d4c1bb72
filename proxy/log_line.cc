#include "proxy/log_line.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "proxy/utc_text.h"

namespace sluice {
namespace {

std::atomic<LogFormat> line_format{LogFormat::kJson};
std::atomic<bool> has_priority{false};

thread_local JsonText memory;

struct LevelName {
  std::string_view text;
  char priority;  // of syslog(3)
};
LevelName name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return {"debug", '7'};
    case LogLevel::kInfo: return {"info", '6'};
    case LogLevel::kWarning: return {"warning", '4'};
    case LogLevel::kError: return {"error", '3'};
  }
  return {"error", '3'};
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=';
         });
}

void copy(JsonText& out, std::string_view text) {
  std::memcpy(out.extend(text.size()), text.data(), text.size());
}

}  // namespace

void set_log_format(LogFormat format, bool with_priority) {
  line_format = format;
  has_priority = with_priority;
}

LogLine::LogLine(LogLevel level, std::string_view message)
    : out_(memory), json_(line_format.load(std::memory_order_relaxed) == LogFormat::kJson) {
  const LevelName level_name = name_of(level);
  out_.clear();
  if (has_priority.load(std::memory_order_relaxed)) {
    out_.literal("<");
    *out_.extend(1) = level_name.priority;
    out_.literal(">");
  }
  if (json_) out_.literal(R"({"time":")");
  write_utc(out_.extend(kUtcTextSize), std::chrono::system_clock::now());
  if (json_) {
    out_.literal(R"(","level":)");
    out_.plain_string(level_name.text);
    out_.literal(R"(,"message":)");
    out_.ascii_string(message);
    return;
  }
  // A message is a sentence: only what could forge or garble a line is escaped.
  out_.literal(" ");
  copy(out_, level_name.text);
  out_.literal(" ");
  out_.ascii_text(message);
}

void LogLine::value(std::string_view value) {
  if (json_ || needs_quotes(value)) return out_.ascii_string(value);
  copy(out_, value);
}

void LogLine::text(std::string_view name, std::string_view value) {
  if (json_) {
    out_.literal(",");
    out_.plain_string(name);
    out_.literal(":");
  } else {
    out_.literal(" ");
    copy(out_, name);
    out_.literal("=");
  }
  this->value(value);
}

void LogLine::list(std::span<const std::string> values) {
  if (json_) out_.literal("[");
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out_.literal(",");
    value(values[i]);
  }
  if (json_) out_.literal("]");
}

std::string_view LogLine::finish() {
  if (json_) out_.literal("}");
  out_.literal("\n");
  return out_.view();
}

}  // namespace sluice
