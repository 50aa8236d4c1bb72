// Serving: everything that a request is served by, immutable: configuration, policy, callers, credentials,
// TLS. Made whole or not at all, anew for each reload; what has not changed is taken over from the one
// before, so that vendor connections and TLS sessions go on. Owner: shared by the gate, the workers and the
// exchanges under way: with the last of them go its secrets. Thread: any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "policy/engine.h"
#include "proxy/admin/tally.h"
#include "proxy/gate/connecting.h"
#include "proxy/gate/credentials.h"
#include "proxy/gate/identity.h"
#include "proxy/keys/secret_sources.h"
#include "proxy/net/tls_context.h"

namespace sluice {

struct PaceRoom;

// Where a vendor is. One object as long as nothing of it changes, over reloads: its connections stay.
struct UpstreamTarget {
  std::string api;  // name, for logs
  UpstreamUrl url;
  UpstreamTlsConfig files;
  UpstreamTimeouts timeouts;
  std::string server_name;                // to verify and send as SNI
  std::shared_ptr<const TlsContext> tls;  // null for an http upstream
};

struct ServedApi {
  Credential credential;
  std::shared_ptr<const UpstreamTarget> target;
  RateLimit limit;
  std::shared_ptr<PaceRoom> room;  // by PaceRooms::seat
};

struct Serving {
  Config config;
  std::string config_sha256;  // of the configuration file
  std::unique_ptr<const Engine> engine;
  std::string policy_text;  // of the policy file
  std::string policy_sha256;
  Identity identity;
  std::optional<Connecting> connect;                          // absent: no `connect` listener
  Secret capture_salt;                                        // empty: no captured field is hashed
  Secret store_password;                                      // of the shared limits; may be empty
  std::vector<std::pair<std::string, Secret>> trace_headers;  // of `tracing`
  std::vector<ServedApi> apis;                                // same order as config.apis
  std::vector<size_t> pace_slots;  // of each of config.clients, in every room; by PaceRooms::seat
  std::shared_ptr<const TallyNames> tally_names;  // clients, APIs and policy slots by their index
  std::vector<std::shared_ptr<const TlsContext>> listener_tls;  // by config.listen; null without TLS
};

// What the files say, before a secret or a certificate is read.
struct ServingTexts {
  std::string policy, policy_sha256, config_sha256;
};

// What stays when one snapshot follows another: the last good values of the secrets, and what is known of the
// vendors' keys. Owner: whoever makes snapshots. Thread: as SecretSources.
struct Secrets {
  SecretSources sources;
  KeyStates keys;
};

// Resolves every secret and reads every certificate that `before` does not have; may wait for Vault. The
// error names what could not be had. Without `secrets` nothing is known of them from before.
Result<std::shared_ptr<Serving>> make_serving(Config config, std::unique_ptr<const Engine> engine,
                                              ServingTexts texts, const Serving* before = nullptr,
                                              Secrets* secrets = nullptr);

}  // namespace sluice
