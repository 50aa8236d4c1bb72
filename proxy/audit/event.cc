#include "proxy/audit/event.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "proxy/crypto.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kAuditTypeCount> kTypeNames = {
    "request.attempted",  "request.forwarded", "request.denied",  "request.refused",
    "request.failed",     "policy.reloaded",   "policy.rejected", "credential.changed",
    "credential.refused", "gate.started",      "gate.stopped",    "audit.gap"};
constexpr std::string_view kTypePrefix = "io.sluice.";

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

template <class T>
Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json object(const std::vector<std::pair<std::string, std::string>>& members) {
  Json result = Json::object();
  for (const auto& [name, value] : members) result[name] = value;
  return result;
}

Json make_data(const AuditRecord& record, const EventStamp& stamp) {
  // Appended without a search for the name: each stands here once.
  Json::object_t data;
  data.reserve(32);
  data.emplace_back("sequence", stamp.sequence);
  data.emplace_back("previous", stamp.previous);
  data.emplace_back("request_id", text_or_null(record.request_id));
  data.emplace_back("client", text_or_null(record.client));
  data.emplace_back("source_ip", text_or_null(record.source_ip));
  data.emplace_back("api", text_or_null(record.api));
  data.emplace_back("operation", text_or_null(record.operation));
  data.emplace_back("access", text_or_null(record.access));
  data.emplace_back("tags", record.tags);
  data.emplace_back("method", text_or_null(record.method));
  data.emplace_back("path", text_or_null(record.path));
  data.emplace_back("params", object(record.params));
  data.emplace_back("targets", record.targets);
  data.emplace_back("decision", text_or_null(record.decision));
  data.emplace_back("rules", record.rules);
  data.emplace_back("shadow_rules", record.shadow_rules);
  data.emplace_back("reason", text_or_null(record.reason));
  data.emplace_back("policy_sha256", text_or_null(record.policy_sha256));
  data.emplace_back("body_sha256", record.body_sha256 ? Json(hex(*record.body_sha256)) : Json(nullptr));
  data.emplace_back("body_bytes", value_or_null(record.body_bytes));
  data.emplace_back("key", text_or_null(record.key));
  data.emplace_back("queued_ms", value_or_null(record.queued_ms));
  data.emplace_back("upstream_status", value_or_null(record.upstream_status));
  data.emplace_back("upstream_ms", value_or_null(record.upstream_ms));
  data.emplace_back("attempts", record.attempts);
  data.emplace_back("bytes_out", value_or_null(record.bytes_out));
  data.emplace_back("status", value_or_null(record.status));
  if (record.lost) data.emplace_back("lost", *record.lost);
  for (const auto& [name, value] : record.details) data[name] = value;
  return Json(std::move(data));
}

std::string to_bytes(const Json& event) { return event.dump(-1, ' ', false, Json::error_handler_t::replace); }

// The `data` of an event, or an empty object.
Json data_of(std::string_view event) {
  Json json = Json::parse(event, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_object()) return Json::object();
  return std::move(json["data"]);
}

}  // namespace

std::string_view to_text(AuditType type) { return kTypeNames[static_cast<size_t>(type)]; }

std::optional<AuditType> parse_audit_type(std::string_view text) {
  for (size_t i = 0; i < kTypeNames.size(); ++i)
    if (kTypeNames[i] == text) return static_cast<AuditType>(i);
  return std::nullopt;
}

std::string format_time(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  const int64_t ms = (whole % 1000 + 1000) % 1000;
  const auto seconds = static_cast<time_t>((whole - ms) / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(ms));
  return text.data();
}

std::string make_event(const AuditRecord& record, const EventStamp& stamp) {
  Json event = Json::object();
  event["specversion"] = "1.0";
  event["id"] = stamp.id;
  event["source"] = stamp.source;
  event["type"] = std::string(kTypePrefix) + std::string(to_text(record.type));
  // CloudEvents allows no empty subject: without an operation there is none.
  if (!record.operation.empty()) event["subject"] = record.operation;
  event["time"] = format_time(record.time);
  event["datacontenttype"] = "application/json";
  event["data"] = make_data(record, stamp);
  return to_bytes(event);
}

std::optional<std::string> make_unknown_outcome(std::string_view attempted, const EventStamp& stamp,
                                                std::chrono::system_clock::time_point time) {
  Json event = Json::parse(attempted, nullptr, false);
  if (!event.is_object() || !event.contains("data") || !event["data"].is_object()) return std::nullopt;
  event["id"] = stamp.id;
  event["source"] = stamp.source;
  event["type"] = std::string(kTypePrefix) + std::string(to_text(AuditType::kRequestFailed));
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
