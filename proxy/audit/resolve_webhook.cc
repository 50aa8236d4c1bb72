#include "proxy/audit/resolve_webhook.h"

#include "config/secret_source.h"

namespace sluice {

Result<ResolvedWebhook> resolve_webhook(const WebhookConfig& config) {
  ResolvedWebhook resolved;
  resolved.config = config;
  for (const SecretRef& ref : config.secrets) {
    Result<Secret> secret = resolve_secret(ref);
    if (!secret) return Error{"webhook " + config.name + ": " + secret.error().message};
    resolved.secrets.push_back(std::move(*secret));
  }
  for (const auto& [name, ref] : config.headers) {
    Result<Secret> value = resolve_secret(ref);
    if (!value) return Error{"webhook " + config.name + ": header " + name + ": " + value.error().message};
    resolved.headers.emplace_back(name, std::move(*value));
  }
  return resolved;
}

Result<std::vector<ResolvedWebhook>> resolve_webhooks(const AuditConfig& config) {
  std::vector<ResolvedWebhook> all;
  for (const WebhookConfig& webhook : config.webhooks) {
    Result<ResolvedWebhook> resolved = resolve_webhook(webhook);
    if (!resolved) return resolved.error();
    all.push_back(std::move(*resolved));
  }
  return all;
}

}  // namespace sluice
