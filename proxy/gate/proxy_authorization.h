// proxy_authorization: who opens a tunnel (RFC 9110 11.7.2): Bearer TOKEN, or Basic with the token as the
// password, as a proxy's URL carries it: http://NAME:TOKEN@gate:8081. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "config/secret.h"
#include "proxy/gate/identity.h"

namespace sluice {

struct ProxyCredential {
  bool given = false;                    // the field is there
  AuthFailure why = AuthFailure::kNone;  // it cannot be read
  Secret token;
  std::string user;  // of Basic
};
ProxyCredential read_proxy_credential(const std::vector<HeaderField>& fields);

// Whose credential it is, as Identity::identify_bearer. A user name counts only if it is a client's, which
// has to be the token's then.
Identity::Answer identify_opener(const Identity& identity, const std::vector<ClientConfig>& clients,
                                 const ProxyCredential& credential, const KeySnapshot& keys,
                                 Identity::Time now);

// Who sends a request in a tunnel that was opened with a credential: the opener. The request's own credential
// fields may hold whatever the tool sends to the vendor, but no other client's.
Identity::Answer identify_in_tunnel(const Identity& identity, const std::vector<ClientConfig>& clients,
                                    const ProxyCredential& opener, const std::vector<HeaderField>& fields,
                                    std::string_view credential_header, const KeySnapshot& keys,
                                    Identity::Time now);

}  // namespace sluice
