// JwkSet: an issuer's public keys, as a JWK Set holds them (RFC 7517). What cannot verify RS256 or ES256 is
// passed over (RFC 7517 5): other kinds and curves, keys for encryption, sizes out of bounds. Immutable; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "proxy/crypto_jwk.h"

namespace sluice {

constexpr size_t kMostJwksOctets = 1024 * 1024;

class JwkSet {
 public:
  // An error: no JSON object with `keys`, no usable key, more than 100, two with one `kid`, or a private one.
  static Result<JwkSet> parse(std::string_view text);

  // With this `kid`, exactly; without one the only key that there is. nullptr: none.
  const JwkKey* find(const std::optional<std::string>& kid) const;
  size_t size() const { return keys_.size(); }

 private:
  struct Entry {
    std::optional<std::string> kid;
    JwkKey key;
  };
  std::vector<Entry> keys_;
};

}  // namespace sluice
