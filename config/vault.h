// The `vault` block of a configuration (interface 2.6): where { vault: "MOUNT/data/PATH#KEY" } is looked up.
// And `secrets`: what happens when a secret stops resolving (interface 2.1). Owner and threads: as model.h.
#pragma once

#include <optional>
#include <string>

#include "config/secret.h"
#include "config/units.h"
#include "config/upstream_url.h"

namespace sluice {

// Vault's Kubernetes auth method: https://developer.hashicorp.com/vault/api-docs/auth/kubernetes
struct VaultKubernetes {
  std::string role;
  std::string mount = "kubernetes";                                              // of the auth method
  std::string jwt_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";  // read at each login
};

struct VaultConfig {
  UpstreamUrl address;
  SecretRef token;                            // env, file or sealed; kNone where kubernetes is set
  std::optional<VaultKubernetes> kubernetes;  // exactly one of the two
  std::string name_space;                     // X-Vault-Namespace; empty: none
  std::string ca;                             // PEM; empty: the system's store
  Millis refresh{60'000};                     // how often values are read again
  Position at;
};

struct SecretsConfig {
  // How long the last good value of a secret is used after it has stopped resolving.
  Millis keep{3'600'000};
};

}  // namespace sluice
