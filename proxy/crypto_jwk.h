// crypto_jwk: public keys as JSON Web Keys hold them (RFC 7518 6.2 and 6.3), and the signatures of JWS that
// they verify (RFC 7518 3.3 and 3.4). A key verifies the one algorithm of its kind and no other. Pure;
// immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "config/identity.h"

namespace sluice {

class JwkKey {
 public:
  // RS256 with the modulus and the exponent, big-endian. nullopt: not of 2048 (RFC 7518 3.3) to 8192 bits, or
  // an exponent that is even, under 3 or over 64 bits.
  static std::optional<JwkKey> rsa(std::string_view modulus, std::string_view exponent);
  // ES256 with the coordinates, 32 octets each (RFC 7518 6.2.1.2). nullopt: no point of P-256.
  static std::optional<JwkKey> p256(std::string_view x, std::string_view y);

  JwtAlgorithm algorithm() const { return algorithm_; }
  // `signature` as in JWS: of RS256 as long as the modulus, of ES256 r and s of 32 octets each.
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  JwkKey(std::shared_ptr<void> key, JwtAlgorithm algorithm) : key_(std::move(key)), algorithm_(algorithm) {}

  std::shared_ptr<void> key_;  // an EVP_PKEY
  JwtAlgorithm algorithm_;
};

}  // namespace sluice
