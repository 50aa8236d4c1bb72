// The `tracing` block of a configuration.
#include <algorithm>
#include <array>

#include "config/address.h"
#include "config/ascii.h"
#include "config/config_parts.h"

namespace sluice {
namespace {

constexpr size_t kLongestServiceName = 255;

// OTLP over HTTP: the path of traces follows an endpoint that has none
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request).
void read_otlp(const Value& value, UpstreamUrl& out, const ReadContext& context) {
  const auto text = read_text(value, "otlp", context.findings);
  if (!text) return;
  auto url = parse_url(*text);
  if (!url) {
    context.findings.error(value.at, "invalid-value", "otlp: " + url.error().message);
    return;
  }
  const bool has_query_alone = !url->path.empty() && url->path[0] != '/';
  if (url->path.empty() || url->path == "/" || has_query_alone)
    url->path = "/v1/traces" + (has_query_alone ? url->path : "");
  out = std::move(*url);
}

void read_sample(MapReader& map, double& out, const ReadContext& context) {
  map.number("sample", out);
  if (out >= 0 && out <= 1) return;
  context.findings.error(map.optional("sample")->at, "invalid-value",
                         "sample: expected a part of all traces, from 0 (none) to 1 (all)");
}

void read_service_name(MapReader& map, std::string& out, const ReadContext& context) {
  const Value* name = map.optional("service_name");
  map.text("service_name", out);
  if (name == nullptr || !name->is_scalar()) return;
  const bool is_plain = std::all_of(out.begin(), out.end(), [](char c) { return is_visible(c) || c == ' '; });
  if (!out.empty() && out.size() <= kLongestServiceName && is_plain) return;
  context.findings.error(name->at, "invalid-value", "service_name: expected 1 to 255 characters of ASCII");
}

}  // namespace

TracingConfig read_tracing(const Value& value, const ReadContext& context) {
  constexpr std::array<std::string_view, 4> kOurs = {"content-type", "content-encoding", "user-agent",
                                                     "expect"};
  TracingConfig tracing;
  tracing.at = value.at;
  MapReader map(value, "tracing", context.findings);
  if (const Value* otlp = map.required("otlp")) read_otlp(*otlp, tracing.otlp, context);
  read_sample(map, tracing.sample, context);
  if (const Value* headers = map.optional("headers"))
    tracing.headers = read_secret_headers(*headers, kOurs, context);
  read_authorities(map, tracing.ca, context);
  read_service_name(map, tracing.service_name, context);
  map.finish();
  return tracing;
}

}  // namespace sluice
