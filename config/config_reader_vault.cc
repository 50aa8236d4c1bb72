// The `vault` and `secrets` blocks of a configuration.
#include <algorithm>

#include "config/address.h"
#include "config/ascii.h"
#include "config/config_parts.h"
#include "config/secret_refs.h"

namespace sluice {
namespace {

// What can stand in a request's path as it is, and means the same to every server.
bool is_plain_path(std::string_view path) {
  while (true) {
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return false;
    const bool plain = std::all_of(segment.begin(), segment.end(), [](char c) {
      return is_alphanumeric(c) || std::string_view("-._~@:+").find(c) != std::string_view::npos;
    });
    if (!plain) return false;
    if (segment.size() == path.size()) return true;
    path.remove_prefix(segment.size() + 1);
  }
}

void read_vault_address(const Value& value, UpstreamUrl& out, const ReadContext& context) {
  const auto refuse = [&](const std::string& message) {
    context.findings.error(value.at, "invalid-value", "address: " + message);
  };
  const auto text = read_text(value, "address", context.findings);
  if (!text) return;
  auto url = parse_url(*text);
  if (!url) return refuse(url.error().message);
  if (!url->tls && !is_loopback(url->host))
    return refuse("http:// would send secrets in clear, use https:// (http:// is for a loopback host only)");
  if (!url->path.empty() && url->path != "/")
    return refuse("expected no path, as in https://vault.example:8200");
  out = std::move(*url);
}

VaultKubernetes read_kubernetes(const Value& value, const ReadContext& context) {
  VaultKubernetes kubernetes;
  MapReader map(value, "kubernetes", context.findings);
  if (const Value* role = map.required("role")) {
    map.text("role", kubernetes.role);
    if (role->is_scalar() && kubernetes.role.empty())
      context.findings.error(role->at, "invalid-value",
                             "role: expected the name of a role of the auth method");
  }
  map.text("mount", kubernetes.mount);
  if (const Value* mount = map.optional("mount"); mount != nullptr && !is_plain_path(kubernetes.mount))
    context.findings.error(mount->at, "invalid-value",
                           "mount: expected the path of an auth method without auth/, as in kubernetes");
  read_path(map, "jwt", kubernetes.jwt_file, context);
  map.finish();
  return kubernetes;
}

void read_namespace(MapReader& map, VaultConfig& vault, const ReadContext& context) {
  const Value* name = map.optional("namespace");
  map.text("namespace", vault.name_space);
  if (name == nullptr || !name->is_scalar()) return;
  const bool visible = std::all_of(vault.name_space.begin(), vault.name_space.end(), is_visible);
  if (vault.name_space.empty() || !visible)
    context.findings.error(name->at, "invalid-value", "namespace: expected visible ASCII, as in team/a");
}

}  // namespace

bool is_vault_name(std::string_view text) {
  const size_t hash = text.find('#');
  if (hash == std::string_view::npos || hash + 1 == text.size()) return false;
  const std::string_view path = text.substr(0, hash), key = text.substr(hash + 1);
  const size_t data = path.find("/data/");
  return is_plain_path(path) && data != std::string_view::npos && data > 0 &&
         std::all_of(key.begin(), key.end(), [](char c) { return is_visible(c) && c != '#'; });
}

VaultConfig read_vault(const Value& value, const ReadContext& context) {
  VaultConfig vault;
  vault.at = value.at;
  MapReader map(value, "vault", context.findings);
  if (const Value* address = map.required("address")) read_vault_address(*address, vault.address, context);
  const Value* token = map.optional("token");
  const Value* kubernetes = map.optional("kubernetes");
  if (token != nullptr) vault.token = read_secret_ref(*token, "token", context, SecretPlaces::kNotVault);
  if (kubernetes != nullptr) vault.kubernetes = read_kubernetes(*kubernetes, context);
  if (map.is_map() && (token == nullptr) == (kubernetes == nullptr))
    context.findings.error(value.at, "missing-key", "vault: expected either token or kubernetes");
  read_namespace(map, vault, context);
  if (const Value* tls = map.optional("tls")) {
    MapReader tls_map(*tls, "tls", context.findings);
    read_path(tls_map, "ca", vault.ca, context);
    tls_map.finish();
  }
  map.duration("refresh", vault.refresh, Millis{1'000}, 24 * kHour);
  map.finish();
  return vault;
}

SecretsConfig read_secrets(const Value& value, const ReadContext& context) {
  SecretsConfig secrets;
  MapReader map(value, "secrets", context.findings);
  map.duration("keep", secrets.keep, Millis{0}, 7 * 24 * kHour);
  map.finish();
  return secrets;
}

void check_vault_section(const Config& config, const ReadContext& context) {
  if (config.vault) return;
  for_each_secret_ref(config, [&context](const SecretRef& ref, std::string_view what) {
    if (ref.kind != SecretRef::Kind::kVault) return;
    context.findings.error(
        ref.at, "no-vault",
        std::string(what) + ": vault " + ref.name +
            " has no server, add vault: { address: https://HOST:8200, token: { file: PATH } }");
  });
}

}  // namespace sluice
