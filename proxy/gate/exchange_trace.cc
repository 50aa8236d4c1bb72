#include "proxy/gate/exchange_trace.h"

#include <algorithm>

#include "config/ascii.h"
#include "proxy/gate/downstream.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/worker.h"
#include "proxy/http/local_reply.h"
#include "proxy/tracing/trace_context.h"
#include "proxy/tracing/trace_exporter.h"

namespace sluice {
namespace {

constexpr size_t kMostText = 1024;  // octets of a path or a reason in a span

std::string cut(std::string_view text) { return std::string(text.substr(0, kMostText)); }

// "upstream-timeout: the vendor ..." without what follows the type.
std::string problem_of(const AuditRecord& record) {
  const size_t colon = record.reason.find(": ");
  const bool is_type = record.status && *record.status >= 500 && record.upstream_status != record.status;
  if (is_type && colon != std::string::npos) return record.reason.substr(0, colon);
  return {};
}

void copy_record(const AuditRecord& record, TracedRequest& out) {
  out.request_id = record.request_id;
  out.trace_id = record.trace_id;
  out.method = record.method;
  out.path = cut(record.path);
  out.client = record.client;
  out.source_ip = record.source_ip;
  out.api = record.api;
  out.operation = record.operation;
  out.access = record.access;
  out.decision = record.decision;
  out.reason = cut(record.reason);
  out.key = record.key;
  out.rules = record.rules;
  out.problem = problem_of(record);
  out.failed = record.type == AuditType::kRequestFailed;
  out.status = record.status.value_or(0);
  out.upstream_status = record.upstream_status;
  out.queued_ms = record.queued_ms;
  out.attempts = record.attempts;
}

}  // namespace

void begin_trace(ExchangeTrace& trace, const RequestHead& head, const std::optional<TracingConfig>& config,
                 AuditRecord& record) {
  trace.on = config.has_value();
  bool says_something = false;  // most requests do not
  for (const HeaderField& field : head.fields) says_something |= field.id == HeaderId::kTraceparent;
  if (!trace.on && !says_something) return;
  const std::optional<TraceParent> caller = find_traceparent(head.fields);
  if (caller) record.trace_id = caller->trace_id;
  if (!trace.on) return;
  trace.decided = trace.recording = trace.recorded = trace.first_turn = Nanos(0);
  trace.fields.clear();
  if (caller) {
    trace.parent_id = caller->parent_id;
    trace.state = find_tracestate(head.fields);
    trace.is_kept = caller->sampled;
  } else {
    trace.parent_id.clear();
    trace.state.clear();
    assign_trace_id(record.trace_id, record.request_id);
    trace.is_kept = is_sampled(record.trace_id, config->sample);
  }
}

void take_over_trace_fields(ExchangeTrace& trace, const AuditRecord& record,
                            std::vector<HeaderView>& fields) {
  std::erase_if(fields, [](const HeaderView& field) {
    return equals_ignoring_case(field.name, "traceparent") || equals_ignoring_case(field.name, "tracestate");
  });
  const auto span = span_id(record.request_id, TracedRequest::kUpstream);
  append_traceparent(trace.fields, record.trace_id, {span.data(), span.size()}, trace.is_kept);
  if (!trace.state.empty()) trace.fields.append("tracestate: ").append(trace.state).append("\r\n");
}

void Exchange::hand_over_trace(Nanos total) {
  TraceExporter* const exporter = worker_.traces();
  if (exporter == nullptr) return;
  auto traced = std::make_unique<TracedRequest>();
  copy_record(*record_, *traced);
  traced->parent_id = trace_.parent_id;
  traced->state = trace_.state;
  traced->began = record_->time;
  traced->tls = downstream_->port()->config.tls.has_value() || downstream_->tunnelled() != nullptr;
  if (routed_) {
    const UpstreamUrl& url = api().upstream;
    traced->vendor_tls = url.tls;
    traced->vendor_host = url.host;
    traced->vendor_authority = url.authority;
    traced->vendor_path = url.path;
    traced->vendor_port = url.port;
  }
  if (!record_->operation.empty() && target_.fits.front().operation != nullptr)
    traced->route = target_.fits.front().operation->path;
  const auto since = [this](Nanos at) { return at.count() == 0 ? Nanos(-1) : at - started_; };
  const Nanos decided = since(trace_.decided), queued = since(queued_), turn = since(trace_.first_turn);
  using Part = TracedRequest::Part;
  auto& times = traced->times;
  times[Part::kWhole] = {Nanos(0), total};
  times[Part::kAccept] = {Nanos(0), std::max(queued, decided)};
  if (policy_time_.count() >= 0) times[Part::kPolicy] = {decided, decided + policy_time_};
  if (queued.count() >= 0) times[Part::kQueue] = {queued, turn.count() >= 0 ? turn : total};
  if (trace_.recording.count() != 0)
    times[Part::kRecord] = {since(trace_.recording),
                            trace_.recorded.count() != 0 ? since(trace_.recorded) : total};
  if (turn.count() >= 0) times[Part::kUpstream] = {turn, total};
  exporter->submit(std::move(traced));
}

}  // namespace sluice
