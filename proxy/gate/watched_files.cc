#include "proxy/gate/watched_files.h"

#include <algorithm>

#include "config/secret_refs.h"
#include "policy/catalogue/catalogue.h"

namespace sluice {

std::vector<std::string> watched_files(const Config& config) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& path) {
    if (!path.empty() && std::find(files.begin(), files.end(), path) == files.end()) files.push_back(path);
  };
  const auto add_secret = [&add](const SecretRef& ref) {
    if (ref.kind == SecretRef::Kind::kFile) add(ref.name);
  };
  add(config.file);
  add(config.policy);
  for (const ApiConfig& api : config.apis) {
    if (built_in_catalogue(api.catalogue).empty()) add(api.catalogue);
    add(api.upstream_tls.ca);
    add(api.upstream_tls.certificate);
    add(api.upstream_tls.private_key);
  }
  for (const ListenConfig& listener : config.listen) {
    if (!listener.tls) continue;
    add(listener.tls->certificate);
    add(listener.tls->private_key);
    add(listener.tls->client_ca);
    for (const CertificateFiles& pair : listener.tls->by_name) {
      add(pair.certificate);
      add(pair.private_key);
    }
  }
  if (config.connect) {
    add(config.connect->ca.certificate);
    add(config.connect->ca.private_key);
  }
  if (config.rate_limit_store) add(config.rate_limit_store->ca);
  if (config.sealed_keys) {
    add(config.sealed_keys->path);
    add_secret(config.sealed_keys->master);
  }
  if (config.vault) add(config.vault->ca);
  for (const JwtConfig& issuer : config.identity.jwt) add(issuer.jwks.ca);
  for (const WebhookConfig& webhook : config.audit.webhooks) add(webhook.ca);
  if (config.tracing) add(config.tracing->ca);
  for_each_secret_ref(config, [&add_secret](const SecretRef& ref, std::string_view) { add_secret(ref); });
  return files;
}

}  // namespace sluice
