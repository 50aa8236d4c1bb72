#include "proxy/tracing/otlp_json.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "proxy/tracing/span.h"
#include "proxy/version.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostMessage = 256;
// Span.flags (opentelemetry/proto/trace/v1/trace.proto): the W3C flags, and whether the parent is remote.
constexpr unsigned kSampled = 0x001, kKnowsWhetherRemote = 0x100, kIsRemote = 0x200;

Json text_value(std::string_view text) { return {{"stringValue", text}}; }

Json value_of(const SpanAttribute& attribute) {
  if (attribute.number) return {{"intValue", std::to_string(*attribute.number)}};
  if (attribute.list.empty()) return text_value(attribute.text);
  Json values = Json::array();
  for (const std::string& text : attribute.list) values.push_back(text_value(text));
  return {{"arrayValue", {{"values", values}}}};
}

std::string unix_nanos(std::chrono::system_clock::time_point time) {
  return std::to_string(std::chrono::duration_cast<Nanos>(time.time_since_epoch()).count());
}

Json to_json(const Span& span, const TracedRequest& request) {
  Json json{{"traceId", request.trace_id}, {"spanId", span.id}};
  if (!request.state.empty()) json["traceState"] = request.state;
  if (!span.parent_id.empty()) json["parentSpanId"] = span.parent_id;
  json["flags"] = kSampled | kKnowsWhetherRemote | (span.parent_is_remote ? kIsRemote : 0);
  json["name"] = span.name;
  json["kind"] = static_cast<int>(span.kind);
  json["startTimeUnixNano"] = unix_nanos(span.from);
  json["endTimeUnixNano"] = unix_nanos(span.to);
  Json attributes = Json::array();
  for (const SpanAttribute& attribute : span.attributes)
    attributes.push_back({{"key", attribute.name}, {"value", value_of(attribute)}});
  if (!attributes.empty()) json["attributes"] = std::move(attributes);
  Json status = Json::object();
  if (span.is_error) status["code"] = 2;  // STATUS_CODE_ERROR
  if (!span.error.empty()) status["message"] = span.error;
  json["status"] = std::move(status);
  return json;
}

}  // namespace

std::string write_otlp(const TraceSource& source, std::span<const std::unique_ptr<TracedRequest>> requests) {
  Json spans = Json::array();
  for (const auto& request : requests)
    for (const Span& span : spans_of(*request)) spans.push_back(to_json(span, *request));
  const auto attribute = [](std::string_view key, std::string_view value) {
    return Json{{"key", key}, {"value", text_value(value)}};
  };
  const Json resource{{"attributes", Json::array({attribute("service.name", source.service_name),
                                                  attribute("service.version", kVersion),
                                                  attribute("service.instance.id", source.instance)})}};
  const Json scope_spans{{"scope", {{"name", "sluice"}, {"version", kVersion}}}, {"spans", std::move(spans)}};
  const Json document{{"resourceSpans", Json::array({Json{{"resource", resource},
                                                          {"scopeSpans", Json::array({scope_spans})}}})}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ExportAnswer read_export_answer(std::string_view body) {
  ExportAnswer answer;
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("partialSuccess")) return answer;
  const Json& partial = json["partialSuccess"];
  if (!partial.is_object()) return answer;
  const Json rejected = partial.value("rejectedSpans", Json());
  if (rejected.is_number_unsigned()) answer.rejected = rejected.get<uint64_t>();
  if (rejected.is_string()) {
    const auto& digits = rejected.get_ref<const std::string&>();
    std::from_chars(digits.data(), digits.data() + digits.size(), answer.rejected);
  }
  const Json message = partial.value("errorMessage", Json());
  if (message.is_string()) answer.message = message.get_ref<const std::string&>().substr(0, kMostMessage);
  return answer;
}

}  // namespace sluice
