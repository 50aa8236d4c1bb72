// jws: a JWT as it comes, a JWS in compact form (RFC 7515 7.1), taken apart and read strictly; nothing of it
// is believed yet. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/json_view.h"
#include "proxy/identity/auth_failure.h"

namespace sluice {

constexpr size_t kMostJwtOctets = 8 * 1024;

struct Jws {
  std::string algorithm;           // `alg`
  std::optional<std::string> kid;  // which key
  JsonValue claims;                // an object
  std::string_view signed_text;    // of the token: valid while it is
  std::string signature;           // octets
};

// Two dots, and before the first one the base64url of something that begins as a JSON object: a token that is
// to be read as a JWT, whether or not it is one. Everything else is opaque.
bool looks_like_jwt(std::string_view token);

// kNone, kJwtTooLong or kJwtMalformed. Refused: a duplicate key, padding or white space in base64url, `crit`
// and `b64` (RFC 7797), a `typ` of something else than a JWT or an access token (RFC 8725 3.11). Keys that
// the header brings along (jwk, jku, x5c, x5u) are not looked at.
AuthFailure read_jws(std::string_view token, Jws& out);

}  // namespace sluice
