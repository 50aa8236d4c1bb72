#include "config/secret_refs.h"

#include <type_traits>

namespace sluice {
namespace {

// For a Config and for a const one.
template <class AnyConfig, class Visit>
void walk(AnyConfig& config, const Visit& visit_any) {
  const auto visit = [&visit_any](auto& ref, std::string_view what) {
    if (ref.kind != SecretRef::Kind::kNone) visit_any(ref, what);
  };
  for (auto& api : config.apis) {
    for (auto& read : api.credential.read) visit(read, "read");
    for (auto& full : api.credential.full) visit(full, "full");
  }
  for (auto& client : config.clients) {
    for (auto& token : client.tokens) visit(token, "token");
  }
  if (config.rate_limit_store) visit(config.rate_limit_store->password, "password");
  if (config.vault) visit(config.vault->token, "token");
  visit(config.audit.checkpoint_key, "checkpoint_key");
  visit(config.audit.capture_salt, "capture_salt");
  for (auto& webhook : config.audit.webhooks) {
    for (auto& secret : webhook.secrets) visit(secret, "secret");
    for (auto& [name, value] : webhook.headers) visit(value, name);
  }
  if (!config.tracing) return;
  for (auto& [name, value] : config.tracing->headers) visit(value, name);
}

}  // namespace

void for_each_secret_ref(Config& config, const VisitSecretRef& visit) { walk(config, visit); }
void for_each_secret_ref(const Config& config, const ReadSecretRef& visit) { walk(config, visit); }

}  // namespace sluice
