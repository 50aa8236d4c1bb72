#include "proxy/audit/formats/event_json.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "config/ip.h"
#include "proxy/audit/event.h"

namespace sluice {
namespace {

constexpr std::string_view kSource = "/sluice/";

// The first word of an operation's last part: "assign" of groups.assign-users.
std::string_view verb_of(std::string_view operation) {
  const size_t dot = operation.rfind('.');
  if (dot != std::string_view::npos) operation.remove_prefix(dot + 1);
  return operation.substr(0, operation.find('-'));
}

// A POST may do anything; its operation's verb says what.
Activity activity_of_verb(std::string_view verb) {
  constexpr std::array<std::string_view, 9> kUpdates = {"add",    "assign", "merge", "remove", "set",
                                                        "update", "enable", "reset", "disable"};
  if (verb == "create") return Activity::kCreate;
  if (verb == "delete") return Activity::kDelete;
  const bool updates = std::find(kUpdates.begin(), kUpdates.end(), verb) != kUpdates.end();
  return updates ? Activity::kUpdate : Activity::kOther;
}

}  // namespace

EventView::EventView(const StoredEvent& stored) : event(stored) {
  EventJson json = EventJson::parse(stored.body, nullptr, false);
  if (!json.is_object()) return;
  if (const auto source = json.find("source"); source != json.end() && source->is_string()) {
    const auto& text = source->get_ref<const std::string&>();
    if (text.rfind(kSource, 0) == 0) instance = text.substr(kSource.size());
  }
  const auto found = json.find("data");
  if (found == json.end() || !found->is_object()) return;
  is_readable = true;
  data = std::move(*found);
}

std::string EventView::text(const char* name) const {
  const auto found = data.find(name);
  return found != data.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<int64_t> EventView::number(const char* name) const {
  const auto found = data.find(name);
  if (found == data.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

std::vector<std::string> EventView::texts(const char* name) const {
  std::vector<std::string> list;
  const auto found = data.find(name);
  if (found == data.end() || !found->is_array()) return list;
  for (const EventJson& item : *found)
    if (item.is_string()) list.push_back(item.get<std::string>());
  return list;
}

bool EventView::has_tag(std::string_view tag) const {
  const std::vector<std::string> tags = texts("tags");
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

Activity activity_of(const EventView& view) {
  const std::string method = view.text("method");
  if (view.text("access") == "read" || method == "GET" || method == "HEAD") return Activity::kRead;
  if (method == "DELETE") return Activity::kDelete;
  if (method == "PUT" || method == "PATCH") return Activity::kUpdate;
  const std::string operation = view.text("operation");
  if (!operation.empty()) return activity_of_verb(verb_of(operation));
  return method.empty() ? Activity::kUnknown : Activity::kOther;
}

std::string time_of(const StoredEvent& event) {
  return format_time(std::chrono::system_clock::time_point(std::chrono::milliseconds(event.time_ms)));
}

std::string only_ip(const std::string& text) { return parse_ip(text) ? text : std::string(); }

std::optional<int64_t> duration_ms(const EventView& view) {
  const std::optional<int64_t> upstream = view.number("upstream_ms");
  if (!upstream) return std::nullopt;
  return view.number("queued_ms").value_or(0) + *upstream;
}

std::optional<bool> succeeded(const EventView& view) {
  switch (view.event.type) {
    case AuditType::kRequestAttempted: return std::nullopt;
    case AuditType::kRequestForwarded: {
      const std::optional<int64_t> status = view.number("upstream_status");
      return status ? std::optional(*status < 400) : std::nullopt;
    }
    case AuditType::kRequestFailed: {
      // A write that was sent and not answered may have been carried out.
      const bool sent = view.number("attempts").value_or(0) > 0 && !view.number("upstream_status");
      const bool open = view.text("reason") == "outcome unknown" || (sent && view.text("access") == "write");
      return open ? std::nullopt : std::optional(false);
    }
    case AuditType::kPolicyReloaded:
    case AuditType::kCredentialChanged:
    case AuditType::kGateStarted:
    case AuditType::kGateStopped:
    case AuditType::kAuditCheckpoint:
    case AuditType::kWebhookResumed: return true;
    case AuditType::kRequestDenied:
    case AuditType::kRequestRefused:
    case AuditType::kPolicyRejected:
    case AuditType::kCredentialRefused:
    case AuditType::kAuditGap:
    case AuditType::kLimitExceeded:
    case AuditType::kWebhookSuspended: return false;
  }
  return std::nullopt;
}

void put(EventJson& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

void put(EventJson& object, const char* name, const std::optional<int64_t>& value) {
  if (value) object[name] = *value;
}

std::string to_octets(const EventJson& json) {
  return json.dump(-1, ' ', false, EventJson::error_handler_t::replace);
}

}  // namespace sluice
