// LogLine: one line of the log, appended piece by piece: JSON, or text with `name=value` behind the message.
// Names are literals of ours. Owner: who says it; one at a time on a thread, whose memory it uses. Fails:
// never. Costs about 60 instructions a field and two an octet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
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
  // As text(), for names that are literals: they cost next to nothing.
  template <size_t N>
  void text(const char (&name)[N], std::string_view value) {
    literal_name(name);
    this->value(value);
  }
  // Not written when it is empty.
  template <size_t N>
  void text_if_any(const char (&name)[N], std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  template <size_t N>
  void number(const char (&name)[N], int64_t value) {
    literal_name(name);
    out_.number(value);
  }
  template <size_t N>
  void number_if_any(const char (&name)[N], const std::optional<int64_t>& value) {
    if (value) number(name, *value);
  }
  template <size_t N>
  void list(const char (&name)[N], std::span<const std::string> values) {
    literal_name(name);
    list(values);
  }

  // The line with its end. Valid until the next one on this thread.
  std::string_view finish();

 private:
  template <size_t N>
  void literal_name(const char (&name)[N]) {
    char* at = out_.extend(json_ ? N + 3 : N + 1);
    *at++ = json_ ? ',' : ' ';
    if (json_) *at++ = '"';
    std::memcpy(at, name, N - 1);
    at += N - 1;
    if (json_) *at++ = '"';
    *at = json_ ? ':' : '=';
  }
  void value(std::string_view value);
  void list(std::span<const std::string> values);

  JsonText& out_;
  const bool json_;
};

// Writes it, whatever its level.
void write_log_line(LogLine& line);
// How lines are written from now on.
void set_log_format(LogFormat format, bool with_priority);

}  // namespace sluice
