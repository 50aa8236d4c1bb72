#include "proxy/gate/access_line.h"

#include "proxy/log_line.h"

namespace sluice {
namespace {

int64_t in_ms(Nanos time) { return std::chrono::duration_cast<Millis>(time).count(); }

template <class T>
std::optional<int64_t> widen(const std::optional<T>& value) {
  return value ? std::optional(static_cast<int64_t>(*value)) : std::nullopt;
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
  line.number_if_any("status", widen(record.status));
  line.number_if_any("upstream_status", widen(record.upstream_status));
  line.number_if_any("bytes_in", widen(record.body_bytes));
  line.number_if_any("bytes_out", widen(record.bytes_out));
  line.number("attempts", record.attempts);
  line.number_if_any("queued_ms", widen(record.queued_ms));
  line.number_if_any("upstream_ms", widen(record.upstream_ms));
  line.number("total_ms", in_ms(total));
  line.text_if_any("key", record.key);
  write_log_line(line);
}

}  // namespace sluice
