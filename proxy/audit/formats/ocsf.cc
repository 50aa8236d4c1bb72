// ocsf: API Activity (class 6003) of the Open Cybersecurity Schema Framework 1.8.0, with the profile
// security_control for what the gate decided. One object a delivery: OCSF defines no batch. Whatever has no
// place in the class is in `unmapped`, the chain included. Source: ocsf-schema v1.8.0,
// events/application/api_activity.json, events/base_event.json, profiles/security_control.json,
// objects/*.json.
#include "proxy/audit/formats/event_json.h"
#include "proxy/audit/formats/makers.h"
#include "proxy/version.h"

namespace sluice {
namespace {

struct Named {
  int id = 0;
  const char* name = "";
};

Named activity(const EventView& view) {
  switch (activity_of(view)) {
    case Activity::kUnknown: return {0, "Unknown"};
    case Activity::kCreate: return {1, "Create"};
    case Activity::kRead: return {2, "Read"};
    case Activity::kUpdate: return {3, "Update"};
    case Activity::kDelete: return {4, "Delete"};
    case Activity::kOther: return {99, "Other"};
  }
  return {0, "Unknown"};
}

bool was_stopped(AuditType type) {
  return type == AuditType::kRequestDenied || type == AuditType::kRequestRefused;
}

// Someone tried what cannot be undone, or reached for credentials.
bool is_grave(const EventView& view) {
  return view.has_tag("irreversible") || view.has_tag("destructive") || view.has_tag("credential-read") ||
         view.has_tag("credential-write");
}

Named severity(const EventView& view) {
  switch (view.event.type) {
    case AuditType::kRequestDenied: return is_grave(view) ? Named{4, "High"} : Named{3, "Medium"};
    case AuditType::kRequestRefused: return {2, "Low"};
    case AuditType::kRequestFailed: return succeeded(view) ? Named{2, "Low"} : Named{3, "Medium"};
    default: return {1, "Informational"};
  }
}

Named status(const EventView& view) {
  const std::optional<bool> success = succeeded(view);
  if (!success) return {0, "Unknown"};
  return *success ? Named{1, "Success"} : Named{2, "Failure"};
}

EventJson metadata(const EventView& view) {
  EventJson metadata;
  metadata["version"] = "1.8.0";
  metadata["product"] = {{"name", "sluice"}, {"vendor_name", "sluice"}, {"version", kVersion}};
  metadata["profiles"] = EventJson::array({"security_control"});
  metadata["uid"] = view.event.id;
  metadata["sequence"] = view.event.sequence;
  metadata["event_code"] = to_text(view.event.type);
  metadata["original_time"] = time_of(view.event);
  metadata["log_name"] = "audit";
  put(metadata, "log_provider", view.instance);
  put(metadata, "correlation_uid", view.text("request_id"));
  return metadata;
}

// Each of these three objects needs at least one member, whatever the request was.
std::string text_or_unknown(const EventView& view, const char* name) {
  const std::string text = view.text(name);
  return text.empty() ? "unknown" : text;
}

EventJson source_endpoint(const EventView& view) {
  const std::string ip = only_ip(view.text("source_ip"));
  if (!ip.empty()) return {{"ip", ip}};
  return {{"name", text_or_unknown(view, "client")}};
}

EventJson api(const EventView& view) {
  EventJson api = {{"operation", text_or_unknown(view, "operation")}};
  if (const std::string name = view.text("api"); !name.empty()) api["service"] = {{"name", name}};
  if (const std::string id = view.text("request_id"); !id.empty()) api["request"] = {{"uid", id}};
  return api;
}

// What came over HTTP. The response is the vendor's, or the gate's own where it answered.
void put_http(EventJson& out, const EventView& view) {
  EventJson request;
  put(request, "http_method", view.text("method"));
  if (const std::string path = view.text("path"); !path.empty()) request["url"] = {{"path", path}};
  put(request, "uid", view.text("request_id"));
  put(request, "body_length", view.number("body_bytes"));
  if (!request.is_null()) out["http_request"] = std::move(request);
  std::optional<int64_t> code = view.number("upstream_status");
  if (!code) code = view.number("status");
  if (!code) return;
  EventJson response = {{"code", *code}};
  put(response, "latency", view.number("upstream_ms"));
  out["http_response"] = std::move(response);
  out["status_code"] = std::to_string(*code);
}

void put_control(EventJson& out, const EventView& view) {
  const bool stopped = was_stopped(view.event.type);
  out["action_id"] = stopped ? 2 : 1;
  out["action"] = stopped ? "Denied" : "Allowed";
  out["disposition_id"] = stopped ? 2 : 1;
  out["disposition"] = stopped ? "Blocked" : "Allowed";
  out["is_alert"] = severity(view).id >= 4;
  EventJson policy;
  const std::vector<std::string> rules = view.texts("rules");
  if (!rules.empty()) policy["name"] = rules.front();
  put(policy, "uid", view.text("policy_sha256"));
  if (!policy.is_null()) out["policy"] = std::move(policy);
}

void put_resources(EventJson& out, const EventView& view) {
  EventJson resources = EventJson::array();
  for (const std::string& target : view.texts("targets")) resources.push_back({{"uid", target}});
  if (!resources.empty()) out["resources"] = std::move(resources);
}

std::string message(const EventView& view) {
  const std::string_view outcome = to_text(view.event.type).substr(std::string_view("request.").size());
  std::string text = text_or_unknown(view, "operation") + " by " + text_or_unknown(view, "client") + ": ";
  text += outcome;
  if (const std::string reason = view.text("reason"); !reason.empty()) text += ", " + reason;
  return text;
}

class Ocsf final : public EventFormat {
 public:
  std::string_view content_type() const override { return "application/json"; }
  bool carries(AuditType type) const override { return is_request_event(type); }
  std::string write(std::span<const StoredEvent> events) const override;
};

std::string Ocsf::write(std::span<const StoredEvent> events) const {
  const EventView view(events.front());
  const Named done = activity(view);
  const Named grade = severity(view);
  const Named end = status(view);
  EventJson out;
  out["class_uid"] = 6003;
  out["class_name"] = "API Activity";
  out["category_uid"] = 6;
  out["category_name"] = "Application Activity";
  out["activity_id"] = done.id;
  out["activity_name"] = done.name;
  out["type_uid"] = 6003 * 100 + done.id;
  out["type_name"] = std::string("API Activity: ") + done.name;
  out["time"] = view.event.time_ms;
  out["severity_id"] = grade.id;
  out["severity"] = grade.name;
  out["status_id"] = end.id;
  out["status"] = end.name;
  put(out, "status_detail", view.text("reason"));
  out["message"] = message(view);
  put(out, "duration", duration_ms(view));
  out["metadata"] = metadata(view);
  out["actor"] = {{"app_name", text_or_unknown(view, "client")}};
  out["src_endpoint"] = source_endpoint(view);
  out["api"] = api(view);
  put_http(out, view);
  put_resources(out, view);
  put_control(out, view);
  out["unmapped"] = {{"sluice", view.data}};
  return to_octets(out);
}

}  // namespace

std::unique_ptr<EventFormat> make_ocsf_format() { return std::make_unique<Ocsf>(); }

}  // namespace sluice
