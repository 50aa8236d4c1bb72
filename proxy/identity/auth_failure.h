// AuthFailure: why nobody knows who asks. A few static texts: a caller learns what to mend, and nothing of
// the clients that there are. What a JWT says is not spoken of until its signature has been verified.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class AuthFailure : uint8_t {
  kNone,
  kNoCredential,
  kSeveralCredentials,
  kWrongPlace,
  kWrongScheme,
  kUnknownToken,
  kExpiredToken,
  kJwtTooLong,
  kJwtMalformed,
  kJwtUnknownIssuer,
  kJwtAlgorithm,
  kJwtUnknownKey,
  kJwtNoKeys,
  kJwtSignature,
  kJwtWrongAudience,
  kJwtExpired,
  kJwtNotYetValid,
  kJwtNoClient,
  kJwtSeveralClients,
  kNoProxyCredential,
  kWrongProxyScheme,
  kOtherUser,    // the user name of Proxy-Authorization is another client's
  kOtherClient,  // a credential in a tunnel is another client's than the one that opened it
};
inline constexpr size_t kAuthFailures = static_cast<size_t>(AuthFailure::kOtherClient) + 1;

// For the caller.
std::string_view to_text(AuthFailure failure);
// For metrics.
std::string_view label_of(AuthFailure failure);

}  // namespace sluice
