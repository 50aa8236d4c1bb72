// Serving: everything that a request is served by, immutable: configuration, policy, callers, credentials,
// TLS. Made whole or not at all. Owner: shared by the workers and by the exchanges under way. Thread: any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "policy/engine.h"
#include "proxy/admin/tally.h"
#include "proxy/gate/credentials.h"
#include "proxy/gate/identity.h"
#include "proxy/keys/secret_sources.h"
#include "proxy/net/tls_context.h"

namespace sluice {

struct ServedApi {
  Credential credential;
  std::unique_ptr<TlsContext> tls;  // null for an http upstream
  std::string server_name;          // to verify and send as SNI
  RateLimit limit;
};

struct Serving {
  Config config;
  std::unique_ptr<const Engine> engine;
  std::string policy_text;  // of the policy file
  std::string policy_sha256;
  Identity identity;
  Secret capture_salt;                            // empty: no captured field is hashed
  std::vector<ServedApi> apis;                    // same order as config.apis
  std::shared_ptr<const TallyNames> tally_names;  // clients, APIs and policy slots by their index
};

// What stays when one snapshot follows another: the last good values of the secrets, and what is known of the
// vendors' keys. Owner: whoever makes snapshots. Thread: as SecretSources.
struct Secrets {
  SecretSources sources;
  KeyStates keys;
};

// Resolves every secret and reads every certificate; may wait for Vault. The error names what could not be
// had. Without `secrets` nothing is known from before.
Result<std::shared_ptr<const Serving>> make_serving(Config config, std::unique_ptr<const Engine> engine,
                                                    std::string policy_sha256, std::string policy_text = {},
                                                    Secrets* secrets = nullptr);

}  // namespace sluice
