#include "proxy/identity/auth_failure.h"

#include <array>

namespace sluice {

namespace {

struct Words {
  std::string_view label, text;
};

constexpr std::array<Words, kAuthFailures> kWords = {{
    {"none", ""},
    {"no-credential", "no credential: send the client token where the vendor's key would stand"},
    {"several-credentials", "more than one credential header"},
    {"wrong-place", "this header does not carry a client token here"},
    {"wrong-scheme", "authorization takes Bearer or APIKEY"},
    {"unknown-token", "the client token is not known"},
    {"expired-token", "the client token has expired"},
    {"jwt-too-long", "the token is over 8KiB"},
    {"jwt-malformed", "the token is malformed"},
    {"jwt-unknown-issuer", "the token's issuer is not known"},
    {"jwt-algorithm", "the token's algorithm is not accepted"},
    {"jwt-unknown-key", "the key that signed the token is not known"},
    {"jwt-no-keys", "the keys of the token's issuer cannot be had, try again"},
    {"jwt-signature", "the token's signature is not valid"},
    {"jwt-wrong-audience", "the token is for another audience"},
    {"jwt-expired", "the token has expired"},
    {"jwt-not-yet-valid", "the token is not valid yet"},
    {"jwt-no-client", "no client is configured for this token"},
    {"jwt-several-clients", "the token means more than one client"},
    {"no-proxy-credential",
     "no proxy-authorization: send the client token as Bearer, or as Basic's password"},
    {"wrong-proxy-scheme",
     "proxy-authorization takes Bearer, or Basic with the client token as the password"},
    {"other-user", "the client token is another client's than the user name says"},
    {"other-client", "the client token is another client's than the one that opened the tunnel"},
}};

}  // namespace

std::string_view to_text(AuthFailure failure) { return kWords[static_cast<size_t>(failure)].text; }
std::string_view label_of(AuthFailure failure) { return kWords[static_cast<size_t>(failure)].label; }

}  // namespace sluice
