#include "proxy/audit/event_fields.h"

#include <rapidjson/document.h>

#include "config/rfc3339.h"
#include "proxy/audit/event.h"

namespace sluice {
namespace {

using rapidjson::Value;

const Value* member(const Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

bool read_text(const Value& object, const char* name, std::string& out) {
  const Value* value = member(object, name);
  if (value == nullptr || !value->IsString()) return false;
  out.assign(value->GetString(), value->GetStringLength());
  return true;
}

bool read_number(const Value& object, const char* name, uint64_t& out) {
  const Value* value = member(object, name);
  if (value == nullptr || !value->IsUint64()) return false;
  out = value->GetUint64();
  return true;
}

bool read_data(const Value& data, EventFields& fields) {
  if (!read_number(data, "sequence", fields.sequence) || !read_text(data, "previous", fields.previous))
    return false;
  static_cast<void>(read_text(data, "spool", fields.spool));
  static_cast<void>(read_text(data, "checkpoint_key", fields.checkpoint_key));
  const Value* head = member(data, "checkpoint");
  if (head == nullptr) return true;
  SignedHead& read = fields.checkpoint.emplace();
  return head->IsObject() && read_number(*head, "sequence", read.sequence) &&
         read_text(*head, "hash", read.hash) && read_text(*head, "note", read.note);
}

}  // namespace

std::optional<EventFields> read_event_fields(std::string_view event) {
  rapidjson::Document json;
  // Iterative: a deep text must not use up the stack.
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  json.Parse<kFlags>(event.data(), event.size());
  if (json.HasParseError() || !json.IsObject()) return std::nullopt;
  EventFields fields;
  const Value* data = member(json, "data");
  if (!read_text(json, "id", fields.id) || !read_text(json, "type", fields.type) ||
      !read_text(json, "time", fields.time) || data == nullptr || !data->IsObject() ||
      !read_data(*data, fields))
    return std::nullopt;
  return fields;
}

std::optional<int64_t> event_time_ms(std::string_view time) {
  const auto point = parse_rfc3339(time);
  if (!point || format_time(*point) != time) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(*point).time_since_epoch().count();
}

}  // namespace sluice
