// local_reply: every answer of the gate's own, one table (interface 5). application/problem+json (RFC 9457),
// marked Sluice-Origin: gate, so that nobody takes it for the vendor's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/h1_parser.h"

namespace sluice {

enum class Problem : uint8_t {
  kMalformedRequest,
  kTargetTooLong,
  kHeadTooLarge,
  kBodyTooLarge,
  kRequestTimeout,
  kMethodNotAllowed,
  kExpectationFailed,
  kNotImplemented,
  kVersionNotSupported,
  kUnauthenticated,
  kPolicyDenied,
  kUnknownApi,
  kBodyNotJson,
  kBodyRejected,
  kQueueFull,
  kWaitTooLong,
  kUpstreamUnreachable,
  kUpstreamProtocol,
  kCredentialReflected,
  kCredentialUnavailable,
  kAuditUnavailable,
  kRateLimitUnavailable,
  kDraining,
  kUpstreamTimeout,
  kTooManyConnections,
  kProxyUnauthenticated,
  kHostDenied,
  kMisdirectedRequest,
  kCertificateUnavailable,
};

struct ProblemKind {
  int status;
  std::string_view type;  // after urn:sluice:problem:
  std::string_view title;
};
const ProblemKind& kind_of(Problem problem);
Problem problem_of(HeadError error);
// The problem whose type has this name; kMalformedRequest for an unknown one.
Problem problem_named(std::string_view type);

struct LocalReply {
  Problem problem = Problem::kMalformedRequest;
  std::string detail;      // for people: lower case, no secret, nothing else of the caller's
  std::string request_id;  // "" before one was given
  std::vector<std::string> rules;
  std::string operation;
  std::optional<int64_t> retry_after;  // seconds
  std::string_view allow = {};         // of a method that is not served; empty: all that the gate serves
  std::optional<double> rate =
      std::nullopt;  // of a limit that the request met, per second: for RateLimit-Policy
};

// What a connection over the limits is told.
std::string too_many_connections();
// The whole answer, head and body (the head alone for HEAD).
std::string render(const LocalReply& reply, bool keep_alive, bool to_head);

}  // namespace sluice
