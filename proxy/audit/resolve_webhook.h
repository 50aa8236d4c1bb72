// resolve_webhook: a webhook with its secrets (interface 2.1). Any thread. Fails: names the webhook, and the
// variable or the file; never a value.
#pragma once

#include "config/model.h"
#include "config/result.h"
#include "proxy/audit/audit_log.h"

namespace sluice {

Result<ResolvedWebhook> resolve_webhook(const WebhookConfig& config);
Result<std::vector<ResolvedWebhook>> resolve_webhooks(const AuditConfig& config);

}  // namespace sluice
