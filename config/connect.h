// The `connect` block of a configuration (interface 2.6): the listener for tools whose vendor URL cannot be
// changed and that use the gate as their HTTPS proxy. Owner and threads: as model.h.
#pragma once

#include <string>

#include "config/listen_address.h"

namespace sluice {

// What issues the certificates that these tools trust.
struct ConnectCa {
  std::string certificate;  // PEM; what stands behind the first one is sent along
  std::string private_key;  // PEM, not encrypted
};

// Whether CONNECT has to name the client. Optional: the credential header of the tunnelled request may.
enum class ProxyAuthorization { kOptional, kRequired };

struct ConnectConfig {
  Address address;
  ConnectCa ca;
  ProxyAuthorization proxy_authorization = ProxyAuthorization::kOptional;
  Position at;
};

}  // namespace sluice
