// DeliveryTarget: one webhook as it is configured and as far as it is, and the requests made to it. Owner:
// its Deliverer. Thread: the delivery loop's. Pure, but for what it holds.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/audit/audit_log.h"
#include "proxy/audit/chain.h"
#include "proxy/audit/event_filter.h"
#include "proxy/audit/formats/event_format.h"
#include "proxy/audit/signature.h"
#include "proxy/audit/spool_rows.h"
#include "proxy/http/http_client.h"

namespace sluice {

struct DeliveryTarget {
  WebhookConfig config;
  std::unique_ptr<EventFormat> format;
  Signer signer;
  EventFilter filter;
  std::vector<std::pair<std::string, Secret>> headers;
  std::unique_ptr<TlsContext> tls;  // null for http
  std::string origin;               // who sends, as a name: of the handshake
  std::string channel;              // a GUID, for indexer acknowledgement
  WebhookRow row;

  // Whether deliveries are made alike. Never for one with a `ca`: its file may have changed.
  bool is_same(const DeliveryTarget& other) const;
  bool wants(AuditType type) const { return filter.matches(type) && format->carries(type); }
  bool wants(const StoredEvent& event) const { return format->carries(event.type) && filter.matches(event); }
};

// Fails for a secret or a certificate that cannot be used, naming the webhook.
Result<DeliveryTarget> make_delivery_target(ResolvedWebhook webhook, std::string origin);

// Where it goes on: where it stopped, by what the spool has kept of it, or if that is null at the events
// after `head`. What a URL has led to counts for that URL only.
void resume(DeliveryTarget& target, const WebhookRow* kept, uint64_t head);

HttpClientOptions client_options(const DeliveryTarget& target, Millis attempt_timeout);

// The delivery of some events, signed now. The same events make the same webhook-id and body each time.
HttpCall make_delivery(const DeliveryTarget& target, const std::vector<StoredEvent>& events,
                       int64_t unix_seconds);
// Asks for consent to be sent events.
HttpCall make_consent_request(const DeliveryTarget& target);
// Asks whether what was taken under this number has been indexed (Splunk).
HttpCall make_acknowledgement_request(const DeliveryTarget& target, uint64_t number);

}  // namespace sluice
