// Model: the configuration file as plain structs, one per YAML block (interface 2), defaults in place.
// Owner: whoever loaded it; immutable once read. Paths are absolute or relative to the working directory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/audit.h"
#include "config/connect.h"
#include "config/identity.h"
#include "config/listen_address.h"
#include "config/rate_limit_store.h"
#include "config/sealed_keys.h"
#include "config/secret.h"
#include "config/tracing.h"
#include "config/units.h"
#include "config/upstream_url.h"
#include "config/vault.h"

namespace sluice {

struct CertificateFiles {
  std::string certificate;  // PEM, chain included
  std::string private_key;  // PEM, not encrypted
  bool operator==(const CertificateFiles&) const = default;
};

struct ListenerTls {
  std::string certificate;  // as in CertificateFiles; presented unless one of by_name fits better
  std::string private_key;
  std::string client_ca;  // PEM; not empty: clients must present a certificate that verifies against it
  std::vector<CertificateFiles> by_name{};  // presented to clients that ask for one of their names (SNI)
  bool operator==(const ListenerTls&) const = default;
};

struct ListenConfig {
  Address address;
  std::optional<ListenerTls> tls;
  bool connects = false;  // the one of `connect`: it serves CONNECT alone
};

struct AdminConfig {
  Address address{"127.0.0.1", 9901, "", {}};
  std::vector<std::string> hosts;  // further Host names that may be used (DNS rebinding guard)
};

// Downstream limits; each breach is answered with its own status.
struct LimitsConfig {
  Bytes head_size = 32_KiB;
  int64_t header_count = 100;
  Bytes target_size = 8_KiB;  // RFC 9112 3 asks for at least 8,000 octets
  Millis head_time{10'000};   // to receive a whole head
  Millis tls_time{10'000};    // for a TLS handshake, from the connection on
  Millis body_time{30'000};   // silence in a body, or while the client reads slowly
  Millis keep_alive{75'000};
  int64_t requests_per_connection = 1000;  // after which the connection is closed; as nginx
  int64_t connections = 10'000;
  int64_t connections_per_source = 1'000;
  int64_t failed_attempts = 10;  // of a source in a minute, after which its 401s are delayed; 0: never
};

struct DrainConfig {
  Millis delay{0};         // not ready but serving
  Millis timeout{30'000};  // then finishing
};

struct CredentialConfig {
  std::string header;           // empty: the catalogue's
  std::string value;            // template with {key} or {base64:key}; empty: the catalogue's
  std::vector<SecretRef> read;  // the newest first; empty: reads carry `full`
  std::vector<SecretRef> full;  // the newest first; never empty
  std::string probe;            // path of a GET that each new key is tried with; empty: none is
};

struct RateLimit {
  double rate = 10;   // requests per second
  double burst = 10;  // depth of the vendor's bucket, in requests
  bool operator==(const RateLimit&) const = default;
};

struct QueueConfig {
  int64_t max_requests = 1000;      // waiting requests of one client on one API
  Bytes max_bytes = 64_MiB;         // that they hold
  int64_t total_requests = 10'000;  // of all clients on one API
  Bytes total_bytes = 256_MiB;
  Millis max_wait{9'000};  // under the 10 s after which the strictest known client gives up
};

struct UpstreamTlsConfig {
  std::string ca;           // PEM; empty: the system's store
  std::string server_name;  // empty: the host of the URL
  std::string certificate;  // PEM, chain included: presented to a vendor that asks; empty: none
  std::string private_key;  // PEM, not encrypted; empty as `certificate` is
  bool operator==(const UpstreamTlsConfig&) const = default;
};

struct UpstreamTimeouts {
  Millis connect{5'000};    // with TLS
  Millis response{30'000};  // the first byte of the answer
  Millis silence{30'000};   // a gap in the answer
  Millis idle{60'000};      // a pooled connection
  Millis total{600'000};    // from the request's head to the answer's last octet
  bool operator==(const UpstreamTimeouts&) const = default;
};

struct ApiConfig {
  std::string name;
  std::string catalogue;  // a built-in name, or a path
  Position catalogue_at;
  UpstreamUrl upstream;
  std::vector<std::string> hosts;  // lower case
  CredentialConfig credential;
  std::optional<RateLimit> limit;  // absent: the catalogue's
  QueueConfig queue;
  UpstreamTlsConfig upstream_tls;
  UpstreamTimeouts timeouts;
  Bytes max_body = 1_MiB;
  bool coalesce = false;  // identical reads that wait at once share one call
  Position at;
};

enum class Priority { kNone, kInteractive, kBatch };

struct ClientConfig {
  std::string name;
  std::vector<TokenHash> token_sha256;
  std::vector<SecretRef> tokens;
  std::vector<JwtSubject> jwt;
  std::string certificate_san;                                     // empty: none
  std::optional<std::array<uint8_t, 32>> certificate_fingerprint;  // SHA-256 of the DER
  std::vector<std::string> groups;
  Priority priority = Priority::kNone;
  int64_t weight = 1;
  Position at;
};

enum class LogFormat { kJson, kText };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogConfig {
  LogFormat format = LogFormat::kJson;
  LogLevel level = LogLevel::kInfo;
  bool access = false;  // one line per request
};

struct Config {
  std::string file;
  std::vector<ListenConfig> listen;  // that of `connect` last
  AdminConfig admin;
  int64_t workers = 1;  // event loops; 0 means one per core
  LimitsConfig limits;
  DrainConfig drain;
  std::optional<ConnectConfig> connect;  // absent: the gate is nobody's HTTPS proxy
  std::vector<ApiConfig> apis;           // file order; an index into it names an API everywhere else
  IdentityConfig identity;
  std::vector<ClientConfig> clients;  // file order; an index into it names a client everywhere else
  std::string policy;                 // path
  Position policy_at;
  std::optional<RateLimitStoreConfig> rate_limit_store;  // absent: this process has the limits for itself
  std::optional<SealedKeysConfig> sealed_keys;           // absent: no secret is sealed
  std::optional<VaultConfig> vault;                      // absent: no secret stands in Vault
  SecretsConfig secrets;
  AuditConfig audit;
  LogConfig log;
  std::optional<TracingConfig> tracing;  // absent: no traces
};

}  // namespace sluice
