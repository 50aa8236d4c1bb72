#include "proxy/tracing/otlp_json.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "proxy/json_text.h"
#include "proxy/tracing/span.h"
#include "proxy/version.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostMessage = 256;
// Span.flags (opentelemetry/proto/trace/v1/trace.proto): the W3C flags, and whether the parent is remote.
constexpr int64_t kSampled = 0x001, kKnowsWhetherRemote = 0x100, kIsRemote = 0x200;

// A text between literals of ours.
template <size_t N>
void write_text(JsonText& out, const char (&before)[N], std::string_view value) {
  out.literal(before);
  out.string(value);
}
template <size_t N>
void write_number(JsonText& out, const char (&before)[N], int64_t value) {
  out.literal(before);
  out.number(value);
}

// Puts a comma between the items of a list.
class Separator {
 public:
  void next(JsonText& out) {
    if (!std::exchange(first_, false)) out.literal(",");
  }

 private:
  bool first_ = true;
};

void write_attribute(JsonText& out, const SpanAttribute& attribute) {
  write_text(out, R"({"key":)", attribute.name);
  if (attribute.number) {
    write_number(out, R"(,"value":{"intValue":")", *attribute.number);
    return out.literal(R"("}})");
  }
  if (attribute.list.empty()) {
    write_text(out, R"(,"value":{"stringValue":)", attribute.text);
    return out.literal("}}");
  }
  out.literal(R"(,"value":{"arrayValue":{"values":[)");
  Separator separator;
  for (const std::string& text : attribute.list) {
    separator.next(out);
    write_text(out, R"({"stringValue":)", text);
    out.literal("}");
  }
  out.literal("]}}}");
}

void write_attributes(JsonText& out, std::span<const SpanAttribute> attributes) {
  out.literal(R"("attributes":[)");
  Separator separator;
  for (const SpanAttribute& attribute : attributes) {
    separator.next(out);
    write_attribute(out, attribute);
  }
  out.literal("]");
}

int64_t unix_nanos(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<Nanos>(time.time_since_epoch()).count();
}

void write_span(JsonText& out, const Span& span, const TracedRequest& request) {
  write_text(out, R"({"traceId":)", request.trace_id);
  write_text(out, R"(,"spanId":)", span.id);
  if (!request.state.empty()) write_text(out, R"(,"traceState":)", request.state);
  if (!span.parent_id.empty()) write_text(out, R"(,"parentSpanId":)", span.parent_id);
  write_number(out, R"(,"flags":)", kSampled | kKnowsWhetherRemote | (span.parent_is_remote ? kIsRemote : 0));
  write_text(out, R"(,"name":)", span.name);
  write_number(out, R"(,"kind":)", static_cast<int64_t>(span.kind));
  write_number(out, R"(,"startTimeUnixNano":")", unix_nanos(span.from));
  write_number(out, R"(","endTimeUnixNano":")", unix_nanos(span.to));
  out.literal("\",");
  if (!span.attributes.empty()) {
    write_attributes(out, span.attributes);
    out.literal(",");
  }
  if (!span.is_error) return out.literal(R"("status":{}})");
  out.literal(R"("status":{"code":2)");  // STATUS_CODE_ERROR
  if (!span.error.empty()) write_text(out, R"(,"message":)", span.error);
  out.literal("}}");
}

// Null where there is none. No copy: one of a value that is nested deeply takes as deep a stack.
const Json* member_of(const Json& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() ? nullptr : &*found;
}

}  // namespace

std::string write_otlp(const TraceSource& source, std::span<const std::unique_ptr<TracedRequest>> requests) {
  JsonText out;
  out.literal(R"({"resourceSpans":[{"resource":{)");
  write_attributes(out, std::array<SpanAttribute, 3>{{{"service.name", source.service_name, {}, {}},
                                                      {"service.version", kVersion, {}, {}},
                                                      {"service.instance.id", source.instance, {}, {}}}});
  write_text(out, R"(},"scopeSpans":[{"scope":{"name":"sluice","version":)", kVersion);
  out.literal(R"(},"spans":[)");
  Separator separator;
  for (const auto& request : requests) {
    for (const Span& span : spans_of(*request)) {
      separator.next(out);
      write_span(out, span, *request);
    }
  }
  out.literal("]}]}]}");
  return std::string(out.view());
}

ExportAnswer read_export_answer(std::string_view body) {
  ExportAnswer answer;
  const Json json = Json::parse(body, nullptr, false);
  const Json* const partial = member_of(json, "partialSuccess");
  if (partial == nullptr) return answer;
  const Json* const rejected = member_of(*partial, "rejectedSpans");
  if (rejected != nullptr && rejected->is_number_unsigned()) answer.rejected = rejected->get<uint64_t>();
  if (rejected != nullptr && rejected->is_string()) {
    const auto& digits = rejected->get_ref<const std::string&>();
    std::from_chars(digits.data(), digits.data() + digits.size(), answer.rejected);
  }
  const Json* const message = member_of(*partial, "errorMessage");
  if (message != nullptr && message->is_string())
    answer.message = message->get_ref<const std::string&>().substr(0, kMostMessage);
  return answer;
}

}  // namespace sluice
