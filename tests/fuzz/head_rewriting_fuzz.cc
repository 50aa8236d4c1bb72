// One head, of a request or of an answer, written anew as the gate does it: what goes on has to mean the
// same, less what is only for the gate. The fields that stay are chosen here a second time, from plain lists.
#include <optional>
#include <set>

#include "proxy/gate/forwarding.h"
#include "proxy/gate/routing.h"
#include "proxy/http/h1_writer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/raw_head.h"

namespace sluice {
namespace {

const std::set<std::string> kHopByHop{"connection",
                                      "http2-settings",
                                      "keep-alive",
                                      "proxy-authenticate",
                                      "proxy-authorization",
                                      "proxy-connection",
                                      "te",
                                      "transfer-encoding",
                                      "trailer",
                                      "upgrade"};
const std::set<std::string> kNotTheCallers{"accept-encoding",
                                           "authorization",
                                           "content-length",
                                           "expect",
                                           "forwarded",
                                           "host",
                                           "x-api-key",
                                           "x-http-method",
                                           "x-http-override",
                                           "x-method-override",
                                           "x-original-url",
                                           "x-real-ip",
                                           "x-http-method-override",
                                           "x-rewrite-url"};
// Known to the gate: they pass, but not with a "_".
const std::set<std::string> kExactOnly{"content-encoding", "retry-after"};

constexpr HeadLimits kNoLimits{1 << 20, 10'000, 1 << 20};

const std::vector<ApiConfig>& apis() {
  static const std::vector<ApiConfig> made = [] {
    std::vector<ApiConfig> list(2);
    list[0].name = "push";
    list[0].hosts = {"push.example"};
    list[1].name = "securenvoy";
    return list;
  }();
  return made;
}

bool begins(const std::string& name, std::string_view prefix) {
  return name.size() > prefix.size() && name.starts_with(prefix);
}

bool goes_to_the_vendor(const RawHead& head, const RawField& field, std::string_view credential_header) {
  const std::string name = plain_name(field.name);
  if (kHopByHop.contains(name) || kNotTheCallers.contains(name) || name == credential_header) return false;
  if (begins(name, "x-forwarded-") || begins(name, "sluice-")) return false;
  if (kExactOnly.contains(name) && name != lower_case(field.name)) return false;
  return !is_named_by_connection(head, field.name);
}

// What stands behind the credential's end is the body's.
struct Upstream {
  std::string head;
  Framing framing;
};

Upstream write_upstream(const RequestHead& head, const Route& route, std::string_view credential_header,
                        std::optional<size_t> whole_body) {
  std::vector<HeaderView> fields;
  select_request_fields(head, credential_header, fields);
  Upstream out;
  append_request_head(out.head,
                      {head.method, "/base", route.path, route.query, route.has_query, "vendor.example:8443"},
                      fields);
  out.framing = head.framing;
  if (whole_body && head.framing.kind != Framing::Kind::kNone) {
    append_field(out.head, "Content-Length", *whole_body);
    out.framing = {Framing::Kind::kLength, *whole_body};
  } else if (head.framing.kind == Framing::Kind::kLength) {
    append_field(out.head, "Content-Length", head.framing.length);
  } else if (head.framing.kind == Framing::Kind::kChunked) {
    append_field(out.head, "Transfer-Encoding", "chunked");
  }
  append_field(out.head, credential_header, "the-key");
  out.head += "\r\n";
  return out;
}

std::vector<RawField> expected_fields(const RawHead& raw, const Upstream& upstream,
                                      std::string_view credential_header) {
  std::vector<RawField> fields{{"Host", "vendor.example:8443"}};
  for (const RawField& field : raw.fields) {
    if (goes_to_the_vendor(raw, field, credential_header)) fields.push_back(field);
  }
  fields.push_back({"Accept-Encoding", "identity"});
  fields.push_back({"Via", "1.1 sluice"});
  if (upstream.framing.kind == Framing::Kind::kLength)
    fields.push_back({"Content-Length", std::to_string(upstream.framing.length)});
  if (upstream.framing.kind == Framing::Kind::kChunked) fields.push_back({"Transfer-Encoding", "chunked"});
  fields.push_back({std::string(credential_header), "the-key"});
  return fields;
}

void check_request(const RequestHead& head, const RawHead& raw, const Route& route,
                   std::string_view credential_header, std::optional<size_t> whole_body) {
  const Upstream upstream = write_upstream(head, route, credential_header, whole_body);
  const RawHead sent = take_apart(upstream.head);
  require(sent.fields == expected_fields(raw, upstream, credential_header),
          "the caller's own fields go on, no others");
  std::string target = "/base" + std::string(route.path);
  if (route.has_query) target += "?" + std::string(route.query);
  require(sent.first_line == std::string(head.method) + " " + target + " HTTP/1.1",
          "the request line is the caller's");

  RequestHead again;
  require(parse_request_head(upstream.head, kNoLimits, again) == HeadError::kNone,
          "what is sent can be read");
  require(again.method == head.method && again.target == target, "the vendor reads the same request line");
  require(again.host == "vendor.example:8443", "the vendor reads its own name");
  require(again.fields.size() == sent.fields.size(), "the vendor reads as many fields");
  require(again.framing.kind == upstream.framing.kind, "the vendor reads the body the same way");
  require(again.framing.length == upstream.framing.length, "the vendor reads as much");
  require(again.keep_alive && !again.expects_continue, "the caller does not steer the vendor's connection");
}

// The path without what names the API is the vendor's.
void check_route(const RequestHead& head, const Route& route) {
  const std::string vendors =
      std::string(route.path) + (route.has_query ? "?" : "") + std::string(route.query);
  const std::string prefix = "/" + apis()[route.api].name;
  const bool by_host = lower_case(std::string(head.host)).starts_with("push.example");
  require(head.target == vendors || head.target == prefix + vendors, "the vendor's path is the caller's");
  require(by_host || head.target == prefix + vendors,
          "without a host of its own an api is named by the path");
  require(route.path.starts_with('/'), "the vendor's path begins with a slash");
}

void rewrite_request(const RequestHead& head, std::string_view text) {
  const auto found = route(apis(), head.host, head.target);
  if (!found) return;
  check_route(head, *found);
  const RawHead raw = take_apart(text);
  for (const char* header : {"x-api-key", "authorization", "vendor-token"}) {
    check_request(head, raw, *found, header, std::nullopt);
    check_request(head, raw, *found, header, 5);
  }
}

std::vector<RawField> expected_fields(const ResponseHead& head, const RawHead& raw,
                                      const ResponseExtras& extras) {
  std::vector<RawField> fields;
  for (const RawField& field : raw.fields) {
    const std::string name = plain_name(field.name);
    if (kHopByHop.contains(name) || begins(name, "sluice-")) continue;
    const bool is_length = name == "content-length";
    if (is_length && (extras.chunked || head.status == 204 || name != lower_case(field.name))) continue;
    if (!is_length && is_named_by_connection(raw, field.name)) continue;
    fields.push_back(field);
  }
  if (extras.chunked) fields.push_back({"Transfer-Encoding", "chunked"});
  fields.push_back({"Sluice-Request-Id", std::string(extras.request_id)});
  if (extras.queued_ms > 0) fields.push_back({"Sluice-Queued-Ms", std::to_string(extras.queued_ms)});
  if (!extras.keep_alive) fields.push_back({"Connection", "close"});
  return fields;
}

void check_answer(const ResponseHead& head, const RawHead& raw, bool to_head, const ResponseExtras& extras) {
  std::string written;
  append_response_head(written, head, extras);
  const RawHead sent = take_apart(written);
  require(sent.fields == expected_fields(head, raw, extras), "the vendor's own fields go on, no others");
  const std::string reason(head.reason.empty() ? reason_phrase(head.status) : head.reason);
  require(sent.first_line == "HTTP/1.1 " + std::to_string(head.status) + " " + reason,
          "the status line is the vendor's");

  ResponseHead again;
  require(parse_response_head(written, kNoLimits, to_head, again) == HeadError::kNone,
          "what is sent can be read");
  require(again.status == head.status, "the client reads the same status");
  require(again.fields.size() == sent.fields.size(), "the client reads as many fields");
  const bool re_framed = head.framing.kind == Framing::Kind::kChunked && !extras.chunked;  // for HTTP/1.0
  const Framing::Kind kind = re_framed        ? Framing::Kind::kUntilClose
                             : extras.chunked ? Framing::Kind::kChunked
                                              : head.framing.kind;
  require(again.framing.kind == kind, "the client reads the body as it comes");
  require(again.framing.length == head.framing.length, "the client reads as much");
  require(again.keep_alive == extras.keep_alive, "the client knows whether the connection stays");
}

void rewrite_answer(std::string_view text, bool to_head) {
  ResponseHead head;
  if (parse_response_head(text, kNoLimits, to_head, head) != HeadError::kNone) return;
  if (head.status < 200) return;  // goes no further
  const RawHead raw = take_apart(text);
  const bool has_length =
      head.framing.kind == Framing::Kind::kLength || head.framing.kind == Framing::Kind::kNone;
  for (const bool knows_chunks : {true, false}) {  // HTTP/1.1 and HTTP/1.0
    const bool chunked = !has_length && knows_chunks;
    check_answer(head, raw, to_head, {"id-1", 0, has_length || chunked, chunked});
    check_answer(head, raw, to_head, {"id-2", 17, false, chunked});
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::HeadReader reader;
  const sluice::HeadReader::Step step = reader.feed(sluice::text_of(data, size), sluice::kNoLimits);
  if (step.state != sluice::HeadReader::State::kHead) return 0;
  sluice::RequestHead request;
  if (sluice::parse_request_head(step.head, sluice::kNoLimits, request) == sluice::HeadError::kNone)
    sluice::rewrite_request(request, step.head);
  sluice::rewrite_answer(step.head, false);
  sluice::rewrite_answer(step.head, true);
  return 0;
}
