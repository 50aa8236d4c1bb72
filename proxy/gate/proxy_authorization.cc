#include "proxy/gate/proxy_authorization.h"

#include <algorithm>

namespace sluice {

namespace {

// user ":" password in base64 (RFC 7617 2). False: it is not.
bool read_basic(std::string_view argument, ProxyCredential& out) {
  auto decoded = base64_decode(argument);
  if (!decoded) return false;
  const Secret pair(std::move(*decoded));
  const size_t colon = pair.reveal().find(':');
  if (colon == std::string_view::npos) return false;
  out.user = pair.reveal().substr(0, colon);
  out.token = Secret(std::string(pair.reveal().substr(colon + 1)));
  return true;
}

}  // namespace

ProxyCredential read_proxy_credential(const std::vector<HeaderField>& fields) {
  ProxyCredential credential;
  std::string_view value;
  for (const HeaderField& field : fields) {
    if (field.id != HeaderId::kProxyAuthorization || !field.exact_name) continue;
    if (credential.given) {
      credential.why = AuthFailure::kSeveralCredentials;
      return credential;
    }
    credential.given = true;
    value = field.value;
  }
  if (!credential.given) return credential;
  if (const std::string_view bearer = argument_of(value, "Bearer"); !bearer.empty()) {
    credential.token = Secret(std::string(bearer));
  } else if (!read_basic(argument_of(value, "Basic"), credential) || credential.token.empty()) {
    credential.why = AuthFailure::kWrongProxyScheme;
  }
  return credential;
}

Identity::Answer identify_opener(const Identity& identity, const std::vector<ClientConfig>& clients,
                                 const ProxyCredential& credential, const KeySnapshot& keys,
                                 Identity::Time now) {
  if (credential.why != AuthFailure::kNone) return {std::nullopt, credential.why};
  const Identity::Answer answer = identity.identify_bearer(credential.token.reveal(), keys, now);
  if (!answer.client) return answer;
  const bool is_another = std::any_of(clients.begin(), clients.end(), [&](const ClientConfig& known) {
    return known.name == credential.user && &known != &clients[*answer.client];
  });
  if (is_another) return {std::nullopt, AuthFailure::kOtherUser};
  return answer;
}

Identity::Answer identify_in_tunnel(const Identity& identity, const std::vector<ClientConfig>& clients,
                                    const ProxyCredential& opener, const std::vector<HeaderField>& fields,
                                    std::string_view credential_header, const KeySnapshot& keys,
                                    Identity::Time now) {
  const Identity::Answer answer = identify_opener(identity, clients, opener, keys, now);
  if (!answer.client) return answer;
  for (const HeaderField& field : fields) {
    if (!is_credential_field(field, credential_header, identity.credential_headers())) continue;
    const Identity::Answer other = identity.identify_field(field, credential_header, keys, now);
    if (other.client && other.client != answer.client) return {std::nullopt, AuthFailure::kOtherClient};
  }
  return answer;
}

}  // namespace sluice
