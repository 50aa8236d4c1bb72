// ecs: one document of the Elastic Common Schema 9.4 a delivery, for an HTTP input of Elastic Agent or
// Logstash. What has no field of the schema is in `sluice`, the chain included; event.hash is the SHA-256
// that the next event names. Source: elastic/ecs schemas/*.yml; the types are those that event.category
// expects.
#include "proxy/audit/formats/event_json.h"
#include "proxy/audit/formats/makers.h"
#include "proxy/version.h"

namespace sluice {
namespace {

struct Kind {
  const char* category;
  std::vector<const char*> types;
};

const char* type_of_activity(const EventView& view) {
  switch (activity_of(view)) {
    case Activity::kCreate: return "creation";
    case Activity::kRead: return "access";
    case Activity::kUpdate: return "change";
    case Activity::kDelete: return "deletion";
    case Activity::kUnknown:
    case Activity::kOther: return "info";
  }
  return "info";
}

Kind kind_of(const EventView& view) {
  switch (view.event.type) {
    case AuditType::kRequestAttempted: return {"api", {type_of_activity(view), "allowed", "start"}};
    case AuditType::kRequestForwarded:
    case AuditType::kRequestFailed: return {"api", {type_of_activity(view), "allowed", "end"}};
    case AuditType::kRequestDenied:
    case AuditType::kRequestRefused: return {"api", {type_of_activity(view), "denied"}};
    case AuditType::kLimitExceeded:
    case AuditType::kWebhookSuspended:
    case AuditType::kWebhookResumed: return {"api", {"info"}};
    case AuditType::kPolicyReloaded:
    case AuditType::kCredentialChanged: return {"configuration", {"change"}};
    case AuditType::kPolicyRejected: return {"configuration", {"info"}};
    case AuditType::kCredentialRefused: return {"authentication", {"info"}};
    case AuditType::kGateStarted: return {"process", {"start"}};
    case AuditType::kGateStopped: return {"process", {"end"}};
    case AuditType::kAuditGap:
    case AuditType::kAuditCheckpoint: return {"process", {"info"}};
  }
  return {"process", {"info"}};
}

const char* outcome(const EventView& view) {
  const std::optional<bool> success = succeeded(view);
  if (!success) return "unknown";
  return *success ? "success" : "failure";
}

EventJson event_fields(const EventView& view) {
  const Kind kind = kind_of(view);
  const std::string operation = view.text("operation");
  EventJson event;
  event["kind"] = "event";
  event["category"] = EventJson::array({kind.category});
  event["type"] = kind.types;
  event["outcome"] = outcome(view);
  event["action"] = operation.empty() ? std::string(to_text(view.event.type)) : operation;
  event["code"] = to_text(view.event.type);
  event["id"] = view.event.id;
  event["sequence"] = view.event.sequence;
  event["hash"] = event_hash(view.event.body);
  event["module"] = "sluice";
  event["dataset"] = "sluice.audit";
  event["provider"] = "sluice";
  put(event, "reason", view.text("reason"));
  constexpr int64_t kNanosecondsInMs = 1'000'000;
  if (const auto took = duration_ms(view)) event["duration"] = *took * kNanosecondsInMs;
  return event;
}

void put_http(EventJson& out, const EventView& view) {
  EventJson request;
  put(request, "method", view.text("method"));
  put(request, "id", view.text("request_id"));
  if (const auto octets = view.number("body_bytes")) request["body"] = {{"bytes", *octets}};
  EventJson response;
  std::optional<int64_t> status = view.number("upstream_status");
  if (!status) status = view.number("status");
  put(response, "status_code", status);
  if (const auto octets = view.number("bytes_out")) response["body"] = {{"bytes", *octets}};
  if (!request.is_null()) out["http"]["request"] = std::move(request);
  if (!response.is_null()) out["http"]["response"] = std::move(response);
  if (const std::string path = view.text("path"); !path.empty()) out["url"] = {{"path", path}};
}

// Who asked for it, and the names that searches find it by.
void put_caller(EventJson& out, const EventView& view) {
  const std::string client = view.text("client");
  const std::string ip = only_ip(view.text("source_ip"));
  if (!client.empty()) out["user"] = {{"name", client}};
  if (!ip.empty()) {
    out["source"] = {{"address", ip}, {"ip", ip}};
    out["client"] = {{"address", ip}, {"ip", ip}};
  }
  EventJson related;
  if (!client.empty()) related["user"] = EventJson::array({client});
  if (!ip.empty()) related["ip"] = EventJson::array({ip});
  const std::string digest = view.text("body_sha256");
  if (!digest.empty()) related["hash"] = EventJson::array({digest});
  if (!related.is_null()) out["related"] = std::move(related);
}

// The gate is both what logs and what watches; the API is what is called through it.
void put_gate(EventJson& out, const EventView& view) {
  EventJson service = {{"name", "sluice"}, {"type", "sluice"}, {"version", kVersion}};
  if (!view.instance.empty()) service["node"] = {{"name", view.instance}};
  if (const std::string api = view.text("api"); !api.empty()) service["target"] = {{"name", api}};
  EventJson observer = {
      {"vendor", "sluice"}, {"product", "sluice"}, {"type", "proxy"}, {"version", kVersion}};
  put(observer, "name", view.instance);
  out["service"] = std::move(service);
  out["observer"] = std::move(observer);
}

void put_labels(EventJson& out, const EventView& view) {
  EventJson labels;
  for (const char* name : {"api", "operation", "access", "decision", "key"})
    put(labels, name, view.text(name));
  if (!labels.is_null()) out["labels"] = std::move(labels);
  if (const auto tags = view.texts("tags"); !tags.empty()) out["tags"] = tags;
  if (const auto rules = view.texts("rules"); !rules.empty()) out["rule"] = {{"name", rules.front()}};
}

std::string message(const EventView& view) {
  std::string text(to_text(view.event.type));
  for (const char* name : {"client", "operation", "reason"})
    if (const std::string part = view.text(name); !part.empty()) text += ", " + part;
  return text;
}

class Ecs final : public EventFormat {
 public:
  std::string_view content_type() const override { return "application/json"; }
  std::string write(std::span<const StoredEvent> events) const override;
};

std::string Ecs::write(std::span<const StoredEvent> events) const {
  const EventView view(events.front());
  EventJson out;
  out["@timestamp"] = time_of(view.event);
  out["ecs"] = {{"version", "9.4.0"}};
  out["message"] = message(view);
  out["event"] = event_fields(view);
  put_http(out, view);
  put_caller(out, view);
  put_gate(out, view);
  put_labels(out, view);
  if (const std::string id = view.text("trace_id"); !id.empty()) out["trace"] = {{"id", id}};
  out["sluice"] = view.data;
  return to_octets(out);
}

}  // namespace

std::unique_ptr<EventFormat> make_ecs_format() { return std::make_unique<Ecs>(); }

}  // namespace sluice
