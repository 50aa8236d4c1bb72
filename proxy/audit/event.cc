#include "proxy/audit/event.h"

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "proxy/crypto.h"
#include "proxy/json_text.h"
#include "proxy/utc_text.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kAuditTypeCount> kTypeNames = {
    "io.sluice.request.attempted", "io.sluice.request.forwarded",  "io.sluice.request.denied",
    "io.sluice.request.refused",   "io.sluice.request.failed",     "io.sluice.policy.reloaded",
    "io.sluice.policy.rejected",   "io.sluice.credential.changed", "io.sluice.credential.refused",
    "io.sluice.gate.started",      "io.sluice.gate.stopped",       "io.sluice.audit.gap",
    "io.sluice.limit.exceeded",    "io.sluice.audit.checkpoint",   "io.sluice.webhook.suspended",
    "io.sluice.webhook.resumed"};
constexpr size_t kPrefixSize = std::string_view("io.sluice.").size();

std::string_view event_type(AuditType type) { return kTypeNames[static_cast<size_t>(type)]; }

template <class T>
std::optional<int64_t> widen(const std::optional<T>& value) {
  return value ? std::optional(static_cast<int64_t>(*value)) : std::nullopt;
}

// The members of an event. `name` is a literal with all that stands between the value before and this one.
template <size_t N>
void write_text(JsonText& out, const char (&name)[N], std::string_view value) {
  out.literal(name);
  out.string(value);
}
template <size_t N>
void write_text_or_null(JsonText& out, const char (&name)[N], std::string_view value) {
  out.literal(name);
  if (value.empty()) return out.literal("null");
  out.string(value);
}
template <size_t N>
void write_number_or_null(JsonText& out, const char (&name)[N], const std::optional<int64_t>& value) {
  out.literal(name);
  if (!value) return out.literal("null");
  out.number(*value);
}
template <size_t N>
void write_list(JsonText& out, const char (&name)[N], const std::vector<std::string>& values) {
  out.literal(name);
  out.literal("[");
  bool first = true;
  for (const std::string& value : values) {
    if (!std::exchange(first, false)) out.literal(",");
    out.string(value);
  }
  out.literal("]");
}

using Members = std::vector<std::pair<std::string, std::string>>;
// For names that are no constants of ours. `first`: no member stands before them.
void write_members(JsonText& out, const Members& members, bool first) {
  for (const auto& [name, value] : members) {
    if (!std::exchange(first, false)) out.literal(",");
    out.string(name);
    out.literal(":");
    out.string(value);
  }
}

void write_text_as_it_is(JsonText& out, std::string_view json) {
  std::memcpy(out.extend(json.size()), json.data(), json.size());
}

// What `audit.capture` asks for: not written when there is none.
void write_fields(JsonText& out, const AuditRecord& record) {
  if (record.fields.empty()) return;
  out.literal(R"(,"fields":{)");
  bool first = true;
  for (const auto& [pointer, json] : record.fields) {
    if (!std::exchange(first, false)) out.literal(",");
    out.string(pointer);
    out.literal(":");
    write_text_as_it_is(out, json);
  }
  out.literal("}");
  if (!record.fields_cut.empty()) write_list(out, R"(,"fields_cut":)", record.fields_cut);
  if (record.fields_left_out == 0) return;
  out.literal(R"(,"fields_left_out":)");
  out.number(record.fields_left_out);
}

void write_body_sha256(JsonText& out, const std::optional<Sha256>& digest) {
  if (!digest) return out.literal(R"(,"body_sha256":null)");
  out.literal(R"(,"body_sha256":")");
  write_hex(out.extend(2 * digest->size()), *digest);
  out.literal("\"");
}

void write_checkpoint(JsonText& out, const SignedHead& head) {
  out.literal(R"(,"checkpoint":)");
  write_signed_head(out, head);
}

void write_data(JsonText& out, const AuditRecord& record, const EventStamp& stamp) {
  out.literal(R"({"sequence":)");
  out.number(stamp.sequence);
  out.literal(R"(,"previous":)");
  out.plain_string(stamp.previous);
  write_text_or_null(out, R"(,"request_id":)", record.request_id);
  write_text_or_null(out, R"(,"client":)", record.client);
  write_text_or_null(out, R"(,"source_ip":)", record.source_ip);
  write_text_or_null(out, R"(,"api":)", record.api);
  write_text_or_null(out, R"(,"operation":)", record.operation);
  write_text_or_null(out, R"(,"access":)", record.access);
  write_list(out, R"(,"tags":)", record.tags);
  write_text_or_null(out, R"(,"method":)", record.method);
  write_text_or_null(out, R"(,"path":)", record.path);
  out.literal(R"(,"params":{)");
  write_members(out, record.params, true);
  write_list(out, R"(},"targets":)", record.targets);
  write_text_or_null(out, R"(,"decision":)", record.decision);
  write_list(out, R"(,"rules":)", record.rules);
  write_list(out, R"(,"shadow_rules":)", record.shadow_rules);
  write_text_or_null(out, R"(,"reason":)", record.reason);
  write_text_or_null(out, R"(,"policy_sha256":)", record.policy_sha256);
  write_body_sha256(out, record.body_sha256);
  write_number_or_null(out, R"(,"body_bytes":)", widen(record.body_bytes));
  write_text_or_null(out, R"(,"key":)", record.key);
  write_number_or_null(out, R"(,"queued_ms":)", record.queued_ms);
  write_number_or_null(out, R"(,"upstream_status":)", widen(record.upstream_status));
  write_number_or_null(out, R"(,"upstream_ms":)", record.upstream_ms);
  out.literal(R"(,"attempts":)");
  out.number(static_cast<int64_t>(record.attempts));
  write_number_or_null(out, R"(,"bytes_out":)", widen(record.bytes_out));
  write_number_or_null(out, R"(,"status":)", widen(record.status));
  if (!record.trace_id.empty()) write_text(out, R"(,"trace_id":)", record.trace_id);
  if (!record.unknown_fields.empty()) write_list(out, R"(,"unknown_fields":)", record.unknown_fields);
  write_fields(out, record);
  if (record.lost) write_number_or_null(out, R"(,"lost":)", widen(record.lost));
  write_members(out, record.details, false);
  if (record.checkpoint) write_checkpoint(out, *record.checkpoint);
  for (const auto& [name, json] : record.json_details) {
    out.literal(",");
    out.string(name);
    out.literal(":");
    write_text_as_it_is(out, json);
  }
  out.literal("}");
}

std::string to_bytes(const Json& event) { return event.dump(-1, ' ', false, Json::error_handler_t::replace); }

// The `data` of an event, or an empty object.
Json data_of(std::string_view event) {
  Json json = Json::parse(event, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_object()) return Json::object();
  return std::move(json["data"]);
}

}  // namespace

std::string_view to_text(AuditType type) { return event_type(type).substr(kPrefixSize); }

void AuditRecord::clear() {
  type = AuditType::kRequestRefused;
  time = {};
  for (std::string* text : {&request_id, &client, &source_ip, &api, &operation, &access, &method, &path,
                            &decision, &reason, &policy_sha256, &key}) {
    text->clear();
  }
  for (auto* list : {&tags, &targets, &rules, &shadow_rules, &unknown_fields, &fields_cut}) list->clear();
  for (auto* pairs : {&params, &fields, &details, &json_details, &facts}) pairs->clear();
  trace_id.clear();
  fields_left_out = 0;
  body_sha256.reset();
  body_bytes.reset();
  queued_ms.reset();
  status.reset();
  upstream_status.reset();
  upstream_ms.reset();
  attempts = 0;
  bytes_out.reset();
  lost.reset();
  checkpoint.reset();
}

std::optional<AuditType> parse_audit_type(std::string_view text) {
  for (size_t i = 0; i < kTypeNames.size(); ++i)
    if (to_text(static_cast<AuditType>(i)) == text) return static_cast<AuditType>(i);
  return std::nullopt;
}

bool is_request_event(AuditType type) {
  switch (type) {
    case AuditType::kRequestAttempted:
    case AuditType::kRequestForwarded:
    case AuditType::kRequestDenied:
    case AuditType::kRequestRefused:
    case AuditType::kRequestFailed: return true;
    case AuditType::kPolicyReloaded:
    case AuditType::kPolicyRejected:
    case AuditType::kCredentialChanged:
    case AuditType::kCredentialRefused:
    case AuditType::kGateStarted:
    case AuditType::kGateStopped:
    case AuditType::kAuditGap:
    case AuditType::kLimitExceeded:
    case AuditType::kAuditCheckpoint:
    case AuditType::kWebhookSuspended:
    case AuditType::kWebhookResumed: return false;
  }
  return false;
}

int64_t unix_ms(std::chrono::system_clock::time_point time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

std::string format_time(std::chrono::system_clock::time_point time) {
  std::string text(kUtcTextSize, '0');
  write_utc(text.data(), time);
  return text;
}

void write_event(JsonText& out, const AuditRecord& record, const EventStamp& stamp) {
  out.literal(R"({"specversion":"1.0","id":)");
  out.plain_string(stamp.id);
  write_text(out, R"(,"source":)", stamp.source);
  out.literal(R"(,"type":)");
  out.plain_string(event_type(record.type));
  // CloudEvents allows no empty subject: without an operation there is none.
  if (!record.operation.empty()) write_text(out, R"(,"subject":)", record.operation);
  out.literal(R"(,"time":")");
  write_utc(out.extend(kUtcTextSize), record.time);
  out.literal(R"(","datacontenttype":"application/json","data":)");
  write_data(out, record, stamp);
  out.literal("}");
}

void write_signed_head(JsonText& out, const SignedHead& head) {
  out.literal(R"({"sequence":)");
  out.number(head.sequence);
  out.literal(R"(,"hash":)");
  out.plain_string(head.hash);
  write_text(out, R"(,"note":)", head.note);
  out.literal("}");
}

std::string make_event(const AuditRecord& record, const EventStamp& stamp) {
  JsonText out;
  write_event(out, record, stamp);
  return std::string(out.view());
}

std::optional<std::string> make_unknown_outcome(std::string_view attempted, const EventStamp& stamp,
                                                std::chrono::system_clock::time_point time) {
  Json event = Json::parse(attempted, nullptr, false);
  if (!event.is_object() || !event.contains("data") || !event["data"].is_object()) return std::nullopt;
  event["id"] = stamp.id;
  event["source"] = stamp.source;
  event["type"] = event_type(AuditType::kRequestFailed);
  event["time"] = format_time(time);
  Json& data = event["data"];
  data["sequence"] = stamp.sequence;
  data["previous"] = stamp.previous;
  data["reason"] = "outcome unknown";
  return to_bytes(event);
}

std::optional<EventLink> read_link(std::string_view event) {
  const Json data = data_of(event);
  const Json sequence = data.value("sequence", Json());
  const Json previous = data.value("previous", Json());
  if (!sequence.is_number_unsigned() || !previous.is_string()) return std::nullopt;
  return EventLink{sequence.get<uint64_t>(), previous.get<std::string>()};
}

std::optional<EventGap> read_gap(std::string_view event) {
  const Json data = data_of(event);
  const Json lost = data.value("lost", Json());
  const Json webhook = data.value("webhook", Json(""));
  if (!lost.is_number_unsigned() || !webhook.is_string()) return std::nullopt;
  return EventGap{webhook.get<std::string>(), lost.get<uint64_t>()};
}

}  // namespace sluice
