// IdentityConfig: who a caller can be, beside the holder of a token (interface 2.6): subjects of JWTs that an
// issuer signs. Defaults in place. Owner: the Config that holds it; immutable once read. proxy/identity
// carries it out.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/finding.h"
#include "config/units.h"
#include "config/upstream_url.h"

namespace sluice {

// RFC 7518 3.1. Nothing symmetric: a verifier's key would be a signer's.
enum class JwtAlgorithm : uint8_t { kRs256, kEs256 };

// Where an issuer's public keys are (RFC 7517). Of the two, one is set.
struct JwksConfig {
  std::optional<UpstreamUrl> url;  // https, or http on loopback; `path` is the whole path with the query
  std::string file;
  std::string ca;  // PEM; empty: the system's store
};

// Whose tokens are believed, and how far.
struct JwtConfig {
  std::string issuer;                  // `iss`, exactly
  std::vector<std::string> audiences;  // one of them must be in `aud`
  JwksConfig jwks;
  std::vector<JwtAlgorithm> algorithms{JwtAlgorithm::kRs256, JwtAlgorithm::kEs256};
  std::string client_claim = "sub";  // its value, or each of its list, is looked up in the clients' `jwt`
  Millis leeway{60'000};             // by which clocks may differ
  Position at;
};

struct IdentityConfig {
  std::vector<JwtConfig> jwt;
};

// What a JWT's client claim must say to mean a client.
struct JwtSubject {
  std::string value;
  std::string issuer;  // empty: of any issuer
};

// The SHA-256 of a client's token.
struct TokenHash {
  using Digest = std::array<uint8_t, 32>;
  TokenHash(const Digest& of_token, std::optional<std::chrono::system_clock::time_point> until = std::nullopt)
      : digest(of_token), expires(until) {}  // NOLINT(google-explicit-constructor)

  Digest digest;
  std::optional<std::chrono::system_clock::time_point> expires;  // refused from then on; absent: never
  bool operator==(const TokenHash&) const = default;
};

}  // namespace sluice
