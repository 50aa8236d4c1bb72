#include "proxy/http/local_reply.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "policy/methods.h"
#include "proxy/http/h1_writer.h"

namespace sluice {

namespace {

// Indexed by Problem.
constexpr std::array<ProblemKind, 29> kKinds = {{
    {400, "malformed-request", "The request is malformed"},
    {414, "target-too-long", "The request target is too long"},
    {431, "head-too-large", "The request head is too large"},
    {413, "body-too-large", "The request body is too large"},
    {408, "request-timeout", "The request did not arrive in time"},
    {405, "method-not-allowed", "The method is not served"},
    {417, "expectation-failed", "The expectation cannot be met"},
    {501, "not-implemented", "The request needs something that the gate does not do"},
    {505, "version-not-supported", "The HTTP version is not served"},
    {401, "unauthenticated", "The caller is not known"},
    {403, "policy-denied", "The policy denies the request"},
    {404, "unknown-api", "No API is reached by this host or path"},
    {415, "body-not-json", "The body is not plain JSON"},
    {400, "body-rejected", "The body is not what the operation takes"},
    {429, "queue-full", "Too many requests wait for this API"},
    {429, "wait-too-long", "The request could not be sent in time"},
    {502, "upstream-unreachable", "The vendor cannot be reached"},
    {502, "upstream-protocol", "The vendor's answer is not HTTP"},
    {502, "credential-reflected", "The vendor's answer held the credential"},
    {503, "credential-unavailable", "The vendor's credential cannot be had"},
    {503, "audit-unavailable", "The audit cannot be written"},
    {503, "rate-limit-unavailable", "The vendor's common limit cannot be reached"},
    {503, "draining", "The gate is shutting down"},
    {504, "upstream-timeout", "The vendor did not answer in time"},
    {503, "too-many-connections", "Too many connections are open"},
    {407, "proxy-unauthenticated", "The caller of the proxy is not known"},
    {403, "host-denied", "The proxy leads to the vendors' hosts only"},
    {421, "misdirected-request", "The request is for another host than the connection"},
    {503, "certificate-unavailable", "No certificate can be issued for the host"},
}};

// RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10): whole numbers, so that a rate
// below one a second has a longer window.
void append_rate_limit(std::string& out, double rate, int64_t reset) {
  const auto quota = static_cast<int64_t>(std::max(rate, 1.0));
  const auto window = static_cast<int64_t>(std::ceil(std::max(1 / rate, 1.0)));
  append_field(out, "RateLimit-Policy",
               R"("vendor";q=)" + std::to_string(quota) + ";w=" + std::to_string(window));
  append_field(out, "RateLimit", R"("vendor";r=0;t=)" + std::to_string(reset));
}

std::string_view served_list() {
  static const std::string kList = [] {
    std::string list;
    for (std::string_view method : served_methods()) list.append(list.empty() ? "" : ", ").append(method);
    return list;
  }();
  return kList;
}

}  // namespace

const ProblemKind& kind_of(Problem problem) { return kKinds[static_cast<size_t>(problem)]; }

Problem problem_of(HeadError error) {
  switch (error) {
    case HeadError::kNone:
    case HeadError::kMalformed: return Problem::kMalformedRequest;
    case HeadError::kTargetTooLong: return Problem::kTargetTooLong;
    case HeadError::kHeadTooLarge: return Problem::kHeadTooLarge;
    case HeadError::kExpectationFailed: return Problem::kExpectationFailed;
    case HeadError::kMethodNotAllowed: return Problem::kMethodNotAllowed;
    case HeadError::kMethodUnknown:
    case HeadError::kCodingUnknown: return Problem::kNotImplemented;
    case HeadError::kVersionUnsupported: return Problem::kVersionNotSupported;
  }
  return Problem::kMalformedRequest;
}

Problem problem_named(std::string_view type) {
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i].type == type) return static_cast<Problem>(i);
  }
  return Problem::kMalformedRequest;
}

std::string too_many_connections() {
  LocalReply reply;
  reply.problem = Problem::kTooManyConnections;
  reply.detail = "too many connections are open";
  return render(reply, false, false);
}

std::string render(const LocalReply& reply, bool keep_alive, bool to_head) {
  const ProblemKind& kind = kind_of(reply.problem);
  nlohmann::ordered_json json = {{"type", "urn:sluice:problem:" + std::string(kind.type)},
                                 {"title", kind.title},
                                 {"status", kind.status},
                                 {"detail", reply.detail}};
  if (!reply.request_id.empty()) json["request_id"] = reply.request_id;
  if (!reply.rules.empty()) json["rules"] = reply.rules;
  if (!reply.operation.empty()) json["operation"] = reply.operation;
  const std::string body = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";

  std::string out;
  append_status_line(out, kind.status);
  append_field(out, "Content-Type", "application/problem+json");
  append_field(out, "Content-Length", body.size());
  append_field(out, "Cache-Control", "no-store");
  if (!reply.request_id.empty()) append_field(out, "Sluice-Request-Id", reply.request_id);
  append_field(out, "Sluice-Origin", "gate");
  if (reply.problem == Problem::kUnauthenticated)
    append_field(out, "WWW-Authenticate", "Bearer realm=\"sluice\"");
  if (reply.problem == Problem::kProxyUnauthenticated) {
    append_field(out, "Proxy-Authenticate", "Basic realm=\"sluice\"");
    append_field(out, "Proxy-Authenticate", "Bearer realm=\"sluice\"");
  }
  if (reply.problem == Problem::kMethodNotAllowed) {
    append_field(out, "Allow", reply.allow.empty() ? served_list() : reply.allow);
  }
  if (reply.retry_after) append_field(out, "Retry-After", static_cast<uint64_t>(*reply.retry_after));
  if (reply.rate) append_rate_limit(out, *reply.rate, reply.retry_after.value_or(1));
  if (!keep_alive) append_field(out, "Connection", "close");
  out += "\r\n";
  if (!to_head) out += body;
  return out;
}

}  // namespace sluice
