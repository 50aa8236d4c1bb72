#include "proxy/gate/access_line.h"

#include "proxy/log_line.h"

namespace sluice {
namespace {

int64_t in_ms(Nanos time) { return std::chrono::duration_cast<Millis>(time).count(); }

template <class T>
void number_if_any(LogLine& line, std::string_view name, const std::optional<T>& value) {
  if (value) line.number(name, static_cast<int64_t>(*value));
}

}  // namespace

void log_access(const AuditRecord& record, Nanos total) {
  LogLine line(LogLevel::kInfo, "request");
  line.text("request_id", record.request_id);
  line.text_if_any("trace_id", record.trace_id);
  line.text_if_any("client", record.client);
  line.text("source_ip", record.source_ip);
  line.text_if_any("api", record.api);
  line.text_if_any("operation", record.operation);
  line.text_if_any("method", record.method);
  line.text_if_any("path", std::string_view(record.path).substr(0, kMostPath));
  line.text_if_any("decision", record.decision);
  if (!record.rules.empty()) line.list("rules", record.rules);
  line.text_if_any("reason", std::string_view(record.reason).substr(0, kMostReason));
  number_if_any(line, "status", record.status);
  number_if_any(line, "upstream_status", record.upstream_status);
  number_if_any(line, "bytes_in", record.body_bytes);
  number_if_any(line, "bytes_out", record.bytes_out);
  line.number("attempts", record.attempts);
  number_if_any(line, "queued_ms", record.queued_ms);
  number_if_any(line, "upstream_ms", record.upstream_ms);
  line.number("total_ms", in_ms(total));
  line.text_if_any("key", record.key);
  write_log_line(line);
}

}  // namespace sluice
