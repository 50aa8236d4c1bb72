// span: the spans of one request, named as OpenTelemetry's HTTP conventions name things
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/), and `sluice.*` for what is the gate's own.
// Pure. Thread: the exporter's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/tracing/traced_request.h"

namespace sluice {

// A number, a list that is not empty, or a text.
struct SpanAttribute {
  std::string_view name;
  std::string text{};
  std::optional<int64_t> number{};
  std::vector<std::string> list{};
};

// As OTLP numbers them.
enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3 };

struct Span {
  std::string name;
  std::string id;
  std::string parent_id;  // empty: it has none
  bool parent_is_remote = false;
  SpanKind kind = SpanKind::kInternal;
  std::chrono::system_clock::time_point from, to;
  std::vector<SpanAttribute> attributes;
  bool is_error = false;
  std::string error;  // what went wrong; may be empty
};

// The whole first. As many as request.spans().
std::vector<Span> spans_of(const TracedRequest& request);

}  // namespace sluice
