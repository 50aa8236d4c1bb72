// jwt_check: whether a JWT is one that an issuer made for this gate, and whom it names (RFC 7519 7.2, RFC
// 8725). Pure; any thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "config/identity.h"
#include "proxy/identity/jwk_set.h"
#include "proxy/identity/jws.h"

namespace sluice {

struct JwtVerdict {
  AuthFailure why = AuthFailure::kNone;
  std::vector<std::string> subjects{};  // of a token that holds: the client claim, or what its list has
  bool keys_may_have_changed =
      false;  // kJwtUnknownKey: newer keys of the issuer may hold the one that is missing
};

// `iss`, or nullptr.
const std::string* issuer_of(const Jws& jws);

// Requires: `issuer` is the one that the token names. `keys` are its own; null: not had yet. In this order:
// the algorithm, the key, the signature, and only then what the token says.
JwtVerdict check_jwt(const Jws& jws, const JwtConfig& issuer, const JwkSet* keys,
                     std::chrono::system_clock::time_point now);

}  // namespace sluice
