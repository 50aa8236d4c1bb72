#include "proxy/tracing/span.h"

#include <algorithm>

#include "proxy/tracing/trace_context.h"

namespace sluice {
namespace {

using Part = TracedRequest::Part;

// RFC 9110 and PATCH: others are "_OTHER", so that no caller makes up names of spans.
constexpr std::array<std::string_view, 9> kMethods = {"GET",   "HEAD",    "POST",    "PUT",  "DELETE",
                                                      "PATCH", "OPTIONS", "CONNECT", "TRACE"};

bool is_known(std::string_view method) {
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

class Attributes {
 public:
  explicit Attributes(Span& span) : out_(span.attributes) {}
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) out_.emplace_back(SpanAttribute{name}).text = value;
  }
  void number(std::string_view name, int64_t value) { out_.emplace_back(SpanAttribute{name}).number = value; }
  template <class T>
  void number_if_any(std::string_view name, const std::optional<T>& value) {
    if (value) number(name, static_cast<int64_t>(*value));
  }
  void list(std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) out_.emplace_back(SpanAttribute{name}).list = values;
  }

 private:
  std::vector<SpanAttribute>& out_;
};

std::string_view method_of(const TracedRequest& request) {
  return is_known(request.method) ? std::string_view(request.method) : "_OTHER";
}

// "{method} {target}", or the method alone where the target is no operation that is known.
std::string name_of(const TracedRequest& request) {
  const std::string method = is_known(request.method) ? request.method : "HTTP";
  return request.route.empty() ? method : method + " " + request.operation;
}

void describe_whole(const TracedRequest& request, Span& span) {
  span.kind = SpanKind::kServer;
  span.name = name_of(request);
  Attributes attributes(span);
  attributes.text("http.request.method", method_of(request));
  attributes.text("url.scheme", request.tls ? "https" : "http");
  attributes.text("url.path", request.path);
  attributes.text("http.route", request.route);
  attributes.text("client.address", request.source_ip);
  if (request.status != 0) attributes.number("http.response.status_code", request.status);
  attributes.text("sluice.request_id", request.request_id);
  attributes.text("sluice.client", request.client);
  attributes.text("sluice.api", request.api);
  attributes.text("sluice.operation", request.operation);
  attributes.text("sluice.access", request.access);
  attributes.text("sluice.decision", request.decision);
  attributes.list("sluice.rules", request.rules);
  attributes.text("sluice.reason", request.reason);
  attributes.number_if_any("sluice.queued_ms", request.queued_ms);
  const bool broke_off = request.failed && request.status != 0 && request.status < 500;
  span.is_error = request.status >= 500 || broke_off;
  if (!span.is_error) return;
  attributes.text("error.type", !request.problem.empty() ? request.problem
                                : broke_off              ? "broken-off"
                                                         : std::to_string(request.status));
  span.error = request.reason;
}

// The client span, of all attempts.
void describe_upstream(const TracedRequest& request, Span& span) {
  span.kind = SpanKind::kClient;
  span.name = name_of(request);
  Attributes attributes(span);
  attributes.text("http.request.method", method_of(request));
  attributes.text("server.address", request.vendor_host);
  attributes.number("server.port", request.vendor_port);
  attributes.text("url.full", (request.vendor_tls ? "https://" : "http://") + request.vendor_authority +
                                  request.vendor_path + request.path);
  attributes.number_if_any("http.response.status_code", request.upstream_status);
  if (request.attempts > 1) attributes.number("http.request.resend_count", request.attempts - 1);
  attributes.number("sluice.attempts", request.attempts);
  attributes.text("sluice.key", request.key);
  span.is_error = request.upstream_status ? *request.upstream_status >= 500 || request.failed : true;
  if (!span.is_error) return;
  const bool has_own = request.failed && !request.problem.empty();
  attributes.text("error.type", has_own                   ? request.problem
                                : request.upstream_status ? std::to_string(*request.upstream_status)
                                                          : "no-answer");
  if (request.failed) span.error = request.reason;
}

void describe(const TracedRequest& request, Part part, Span& span) {
  switch (part) {
    case Part::kWhole: return describe_whole(request, span);
    case Part::kAccept: span.name = "accept"; return;
    case Part::kPolicy: {
      span.name = "policy";
      Attributes attributes(span);
      attributes.text("sluice.decision", request.decision);
      attributes.list("sluice.rules", request.rules);
      return;
    }
    case Part::kQueue: {
      span.name = "queue";
      Attributes(span).number_if_any("sluice.queued_ms", request.queued_ms);
      return;
    }
    case Part::kRecord: span.name = "record"; return;
    case Part::kUpstream: return describe_upstream(request, span);
  }
}

}  // namespace

std::vector<Span> spans_of(const TracedRequest& request) {
  std::vector<Span> spans;
  const auto id_of = [&request](unsigned part) {
    const auto id = span_id(request.request_id, part);
    return std::string(id.data(), id.size());
  };
  for (unsigned part = 0; part < TracedRequest::kParts; ++part) {
    const TracedTime& time = request.times[part];
    if (!time.is_set()) continue;
    Span span;
    span.id = id_of(part);
    const bool is_whole = part == Part::kWhole;
    span.parent_id = is_whole ? request.parent_id : id_of(Part::kWhole);
    span.parent_is_remote = is_whole && !request.parent_id.empty();
    const auto at = [&request](Nanos since) {
      return request.began + std::chrono::duration_cast<std::chrono::system_clock::duration>(since);
    };
    span.from = at(time.from);
    span.to = at(time.to);
    describe(request, static_cast<Part>(part), span);
    spans.push_back(std::move(span));
  }
  return spans;
}

}  // namespace sluice
