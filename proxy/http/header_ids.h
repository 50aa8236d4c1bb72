// header_ids: the header fields that the gate knows, as numbers, so that the request path compares no text
// twice.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

enum class HeaderId : uint8_t {
  kOther,
  kAcceptEncoding,
  kApiKey,  // x-api-key
  kAuthorization,
  kConnection,
  kContentEncoding,
  kContentLength,
  kExpect,
  kForwarded,  // also every x-forwarded-* and x-real-ip
  kHost,
  kKeepAlive,
  kMethodOverride,  // X-HTTP-Method-Override and its kin, X-Original-URL, X-Rewrite-URL
  kPrefer,
  kProxyAuthorization,
  kProxyConnection,  // also Proxy-Authenticate and every other hop-by-hop field that has no use here
  kRetryAfter,
  kSluice,  // sluice-*: only the gate may say those
  kTe,
  kTraceparent,
  kTracestate,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kVia,
};

// Case-insensitive. A name that equals a known one but for `_` instead of `-` is known too: some servers read
// both as one variable. `exact` tells whether it was written with `-`.
struct HeaderName {
  HeaderId id = HeaderId::kOther;
  bool exact = true;
};
HeaderName identify_header(std::string_view name);

}  // namespace sluice
