#include "proxy/audit/event.h"

// The writer looks at sixteen octets at a time where the processor can.
#ifdef __SSE2__
#define RAPIDJSON_SSE2
#endif
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <nlohmann/json.hpp>

#include "policy/unicode.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kAuditTypeCount> kTypeNames = {
    "request.attempted",  "request.forwarded", "request.denied",  "request.refused",
    "request.failed",     "policy.reloaded",   "policy.rejected", "credential.changed",
    "credential.refused", "gate.started",      "gate.stopped",    "audit.gap"};
constexpr std::string_view kTypePrefix = "io.sluice.";

// Appends to a text. Names and values come in the order in which they are written.
class EventWriter {
 public:
  EventWriter() : writer_(buffer_) {}

  void begin_object() { writer_.StartObject(); }
  void end_object() { writer_.EndObject(); }
  void name(std::string_view text) { writer_.Key(text.data(), size_of(text)); }
  void text(std::string_view text) {
    if (is_valid_utf8(text)) return write(text);
    write(repaired(text));
  }
  void null() { writer_.Null(); }
  void number(int64_t value) { writer_.Int64(value); }
  void number(uint64_t value) { writer_.Uint64(value); }

  void member(std::string_view key, std::string_view value) {
    name(key);
    text(value);
  }
  // For a name that is no constant of ours.
  void other_member(const std::string& key, std::string_view value) {
    name(is_valid_utf8(key) ? key : repaired(key));
    text(value);
  }
  void text_or_null(std::string_view key, std::string_view value) {
    name(key);
    if (value.empty()) return null();
    text(value);
  }
  void number_or_null(std::string_view key, const std::optional<int64_t>& value) {
    name(key);
    if (!value) return null();
    number(*value);
  }
  void list(std::string_view key, const std::vector<std::string>& values) {
    name(key);
    writer_.StartArray();
    for (const std::string& value : values) text(value);
    writer_.EndArray();
  }
  std::string take() {
    std::string text(buffer_.GetString(), buffer_.GetSize());
    buffer_.Clear();
    writer_.Reset(buffer_);
    return text;
  }

 private:
  static rapidjson::SizeType size_of(std::string_view text) {
    return static_cast<rapidjson::SizeType>(text.size());
  }
  static std::string repaired(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x80) {
        out += c;
      } else {
        out += "\xEF\xBF\xBD";
      }
    }
    return out;
  }
  void write(std::string_view text) { writer_.String(text.data(), size_of(text)); }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

template <class T>
std::optional<int64_t> widen(const std::optional<T>& value) {
  return value ? std::optional(static_cast<int64_t>(*value)) : std::nullopt;
}

void write_data(EventWriter& out, const AuditRecord& record, const EventStamp& stamp) {
  out.name("sequence");
  out.number(stamp.sequence);
  out.member("previous", stamp.previous);
  out.text_or_null("request_id", record.request_id);
  out.text_or_null("client", record.client);
  out.text_or_null("source_ip", record.source_ip);
  out.text_or_null("api", record.api);
  out.text_or_null("operation", record.operation);
  out.text_or_null("access", record.access);
  out.list("tags", record.tags);
  out.text_or_null("method", record.method);
  out.text_or_null("path", record.path);
  out.name("params");
  out.begin_object();
  for (const auto& [name, value] : record.params) out.other_member(name, value);
  out.end_object();
  out.list("targets", record.targets);
  out.text_or_null("decision", record.decision);
  out.list("rules", record.rules);
  out.list("shadow_rules", record.shadow_rules);
  out.text_or_null("reason", record.reason);
  out.text_or_null("policy_sha256", record.policy_sha256);
  out.text_or_null("body_sha256", record.body_sha256 ? hex(*record.body_sha256) : std::string());
  out.number_or_null("body_bytes", widen(record.body_bytes));
  out.text_or_null("key", record.key);
  out.number_or_null("queued_ms", record.queued_ms);
  out.number_or_null("upstream_status", widen(record.upstream_status));
  out.number_or_null("upstream_ms", record.upstream_ms);
  out.name("attempts");
  out.number(static_cast<int64_t>(record.attempts));
  out.number_or_null("bytes_out", widen(record.bytes_out));
  out.number_or_null("status", widen(record.status));
  if (record.lost) out.number_or_null("lost", widen(record.lost));
  for (const auto& [name, value] : record.details) out.other_member(name, value);
}

// The last `count` decimal digits, and what follows them.
void append_digits(std::string& out, unsigned value, size_t count, char after) {
  const size_t end = out.size() + count;
  out.append(count, '0');
  for (size_t at = end; at-- > end - count; value /= 10) out[at] = static_cast<char>('0' + value % 10);
  out += after;
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

void AuditRecord::clear() {
  type = AuditType::kRequestRefused;
  time = {};
  for (std::string* text : {&request_id, &client, &source_ip, &api, &operation, &access, &method, &path,
                            &decision, &reason, &policy_sha256, &key}) {
    text->clear();
  }
  for (auto* list : {&tags, &targets, &rules, &shadow_rules}) list->clear();
  params.clear();
  details.clear();
  body_sha256.reset();
  body_bytes.reset();
  queued_ms.reset();
  status.reset();
  upstream_status.reset();
  upstream_ms.reset();
  attempts = 0;
  bytes_out.reset();
  lost.reset();
}

std::optional<AuditType> parse_audit_type(std::string_view text) {
  for (size_t i = 0; i < kTypeNames.size(); ++i)
    if (kTypeNames[i] == text) return static_cast<AuditType>(i);
  return std::nullopt;
}

std::string format_time(std::chrono::system_clock::time_point time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(ms);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(ms - day);
  std::string text;
  text.reserve(24);
  append_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  append_digits(text, static_cast<unsigned>(date.month()), 2, '-');
  append_digits(text, static_cast<unsigned>(date.day()), 2, 'T');
  append_digits(text, static_cast<unsigned>(clock.hours().count()), 2, ':');
  append_digits(text, static_cast<unsigned>(clock.minutes().count()), 2, ':');
  append_digits(text, static_cast<unsigned>(clock.seconds().count()), 2, '.');
  append_digits(text, static_cast<unsigned>(clock.subseconds().count()), 3, 'Z');
  return text;
}

std::string make_event(const AuditRecord& record, const EventStamp& stamp) {
  thread_local EventWriter out;  // keeps its memory
  out.begin_object();
  out.member("specversion", "1.0");
  out.member("id", stamp.id);
  out.member("source", stamp.source);
  out.member("type", std::string(kTypePrefix).append(to_text(record.type)));
  // CloudEvents allows no empty subject: without an operation there is none.
  if (!record.operation.empty()) out.member("subject", record.operation);
  out.member("time", format_time(record.time));
  out.member("datacontenttype", "application/json");
  out.name("data");
  out.begin_object();
  write_data(out, record, stamp);
  out.end_object();
  out.end_object();
  return out.take();
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
