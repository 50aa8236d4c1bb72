// config_parts: the blocks of a configuration file, each read by one function. Only config_reader.cc and its
// siblings config_reader_*.cc include this. Fails: everything wrong becomes a finding, and what could be read
// is returned.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/map_reader.h"
#include "config/model.h"

namespace sluice {

// What every part needs; lives as long as one read_config().
struct ReadContext {
  const std::string& file;  // relative paths are relative to its folder
  Findings& findings;
};

std::vector<ApiConfig> read_apis(const Value& value, const ReadContext& context);
IdentityConfig read_identity(const Value& value, const ReadContext& context);
// A text, or { issuer, value }. nullopt: reported.
std::optional<JwtSubject> read_jwt_subject(const Value& value, const IdentityConfig& identity,
                                           const ReadContext& context);
// `certificates_verified`: whether a listener asks its clients for one.
std::vector<ClientConfig> read_clients(const Value& value, bool certificates_verified,
                                       const IdentityConfig& identity, const ReadContext& context);
// The names that a webhook's filter may say.
struct KnownNames {
  std::vector<std::string> apis;
  std::vector<std::string> clients;
};
AuditConfig read_audit(const Value& value, const KnownNames& known, const ReadContext& context);
// `capture` and `capture_salt` of the audit.
void read_capture(MapReader& map, AuditConfig& audit, const ReadContext& context);
std::vector<WebhookConfig> read_webhooks(const Value& value, const KnownNames& known,
                                         const ReadContext& context);
RateLimitStoreConfig read_rate_limit_store(const Value& value, const ReadContext& context);
// Beside the configuration file.
std::string default_spool(const std::string& file);

ConnectConfig read_connect(const Value& value, const ReadContext& context);
// Warns of hosts that would mean several APIs.
void check_connect(const Config& config, const ReadContext& context);

SealedKeysConfig read_sealed_keys(const Value& value, const ReadContext& context);
// Reports every sealed secret of a configuration that has no store.
void check_sealed_section(const Config& config, const ReadContext& context);

VaultConfig read_vault(const Value& value, const ReadContext& context);
// MOUNT/data/PATH#KEY, in characters that need no encoding.
bool is_vault_name(std::string_view text);
// Reports every secret of a configuration that stands in Vault when there is none.
void check_vault_section(const Config& config, const ReadContext& context);
SecretsConfig read_secrets(const Value& value, const ReadContext& context);

TracingConfig read_tracing(const Value& value, const ReadContext& context);

// Where a secret may stand: not where it would be needed to get at itself.
enum class SecretPlaces { kAny, kNotVault, kOpen };
// { env: NAME }, { file: PATH }, { sealed: NAME } or { vault: PATH#KEY }. Anything else is refused, and never
// quoted: it may be the secret itself.
SecretRef read_secret_ref(const Value& value, std::string_view what, const ReadContext& context,
                          SecretPlaces places = SecretPlaces::kAny);
// One of them, or a list.
std::vector<SecretRef> read_secret_refs(const Value& value, std::string_view what,
                                        const ReadContext& context);
// { NAME: a secret }, the fields of a request of the gate's own; those in `ours` (lower case) it sets itself.
std::vector<std::pair<std::string, SecretRef>> read_secret_headers(const Value& value,
                                                                   std::span<const std::string_view> ours,
                                                                   const ReadContext& context);
// `tls: { ca: PATH }`: whom to trust instead of the system's authorities.
void read_authorities(MapReader& map, std::string& out, const ReadContext& context);

// Where to listen; the path of a unix socket comes out resolved.
void read_address(const Value& value, Address& out, const ReadContext& context);
// A text that is not empty, resolved as a path. Leaves `out` alone when the key is absent or wrong.
void read_path(MapReader& map, std::string_view key, std::string& out, const ReadContext& context);
// As read_path, for a key that must be there.
void read_required_path(MapReader& map, std::string_view key, std::string& out, const ReadContext& context);
// Which API a host means.
using HostOwners = std::map<std::string, std::string>;
// Host names in lower case, without ports. With `owners`, each is entered for `owner`, and one that is taken
// is reported.
std::vector<std::string> read_hosts(const Value& value, std::string_view what, const ReadContext& context,
                                    HostOwners* owners = nullptr, const std::string& owner = {});

// [A-Za-z0-9][A-Za-z0-9._-]*: names of clients, groups and webhooks, which become labels of metrics.
bool is_name(std::string_view text);
// A header name that may carry a credential: an RFC 9110 token, and none that frames the message. Reported
// when not.
bool check_header_name(const Value& value, std::string_view name, const ReadContext& context);

}  // namespace sluice
