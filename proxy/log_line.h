// LogLine: one line of the log, appended piece by piece: JSON, or text with `name=value` behind the message.
// Names are literals of ours. Owner: who says it; one at a time on a thread, whose memory it uses. Fails:
// never. Costs about 40 instructions a field and two an octet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/model.h"
#include "proxy/json_text.h"

namespace sluice {

class LogLine {
 public:
  LogLine(LogLevel level, std::string_view message);

  void text(std::string_view name, std::string_view value);
  // Not written when it is empty.
  void text_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void number(std::string_view name, int64_t value);
  void list(std::string_view name, std::span<const std::string> values);

  // The line with its end. Valid until the next one on this thread.
  std::string_view finish();

 private:
  void name(std::string_view name);
  void value(std::string_view value);

  JsonText& out_;
  const bool json_;
};

// Writes it, whatever its level.
void write_log_line(LogLine& line);
// How lines are written from now on.
void set_log_format(LogFormat format, bool with_priority);

}  // namespace sluice
