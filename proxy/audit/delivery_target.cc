#include "proxy/audit/delivery_target.h"

#include <algorithm>
#include <tuple>

#include "proxy/audit/formats/splunk_ack.h"
#include "proxy/audit/handshake.h"
#include "proxy/crypto.h"
#include "proxy/net/address_guard.h"

namespace sluice {
namespace {

// Of its whole URL, which may itself be a secret.
std::string fingerprint(const UpstreamUrl& url) {
  return hex(sha256((url.tls ? "https://" : "http://") + url.authority + url.path));
}

HttpCall make_call(const DeliveryTarget& target, std::string method, std::string path) {
  HttpCall call;
  call.method = std::move(method);
  call.target = std::move(path);
  call.headers = {{"User-Agent", "sluice"}};
  if (target.config.handshake) add_request_origin(call, target.origin);
  if (target.config.indexer_acknowledgement) call.headers.emplace_back(kSplunkChannelHeader, target.channel);
  for (const auto& [header, value] : target.headers) call.headers.emplace_back(header, value.reveal());
  return call;
}

// All that is not a secret or a place in a file. A new setting fails to compile until it is named here.
auto settings_of(const WebhookConfig& config) {
  const auto& [name, url, secrets, format, signature, headers, events, filter, is_acknowledged, handshake,
               public_only, ca, at] = config;
  const auto& [tls, host, port, path, authority] = url;
  const auto& [apis, access, tags, decisions, clients] = filter;
  return std::tie(name, tls, host, port, path, authority, format, signature, events, apis, access, tags,
                  decisions, clients, is_acknowledged, handshake, public_only, ca);
}

std::string path_of(const DeliveryTarget& target) {
  return target.config.url.path.empty() ? "/" : target.config.url.path;
}

}  // namespace

Result<DeliveryTarget> make_delivery_target(ResolvedWebhook webhook, std::string origin) {
  const std::string place = "webhook " + webhook.config.name + ": ";
  auto filter = EventFilter::make(webhook.config.events, webhook.config.filter);
  if (!filter) return Error{place + filter.error().message};
  auto signer = Signer::make(webhook.config.signature, webhook.secrets);
  if (!signer) return Error{place + signer.error().message};
  DeliveryTarget target;
  if (webhook.config.url.tls) {
    auto tls = TlsContext::for_client(webhook.config.ca);
    if (!tls) return Error{place + tls.error().message};
    target.tls = std::move(*tls);
  }
  target.row.name = webhook.config.name;
  target.row.url_sha256 = fingerprint(webhook.config.url);
  target.config = std::move(webhook.config);
  target.format = make_event_format(target.config.format);
  target.signer = std::move(*signer);
  target.filter = *filter;
  target.headers = std::move(webhook.headers);
  target.origin = std::move(origin);
  target.channel = uuid_v7();
  return target;
}

bool DeliveryTarget::is_same(const DeliveryTarget& other) const {
  const auto same_header = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.equals(b.second.reveal());
  };
  return config.ca.empty() && settings_of(config) == settings_of(other.config) && signer == other.signer &&
         std::equal(headers.begin(), headers.end(), other.headers.begin(), other.headers.end(), same_header);
}

void resume(DeliveryTarget& target, const WebhookRow* kept, uint64_t head) {
  target.row.acked = head;
  if (kept == nullptr) return;
  target.row.acked = std::min(kept->acked, head);
  if (kept->url_sha256 != target.row.url_sha256) return;
  target.row.disabled = kept->disabled;
  target.row.not_before_ms = kept->not_before_ms;
  target.row.batch_through = kept->batch_through;
}

HttpClientOptions client_options(const DeliveryTarget& target, Millis attempt_timeout) {
  HttpClientOptions options;
  options.origin = target.config.url;
  options.tls = target.tls.get();
  options.total_timeout = attempt_timeout;
  options.connect_timeout = std::min(options.connect_timeout, attempt_timeout);
  const bool public_only = target.config.public_only;
  options.refuse_address = [public_only](const IpAddress& address) {
    return refuse_address(address, public_only);
  };
  return options;
}

HttpCall make_delivery(const DeliveryTarget& target, const std::vector<StoredEvent>& events,
                       int64_t unix_seconds) {
  HttpCall call = make_call(target, "POST", path_of(target));
  call.body = target.format->write(events);
  call.headers.emplace_back("Content-Type", target.format->content_type());
  call.headers.emplace_back("webhook-id", events.front().id);
  call.headers.emplace_back("webhook-timestamp", std::to_string(unix_seconds));
  auto signature = target.signer.sign(events.front().id, unix_seconds, call.body);
  if (!signature.first.empty()) call.headers.push_back(std::move(signature));
  return call;
}

HttpCall make_consent_request(const DeliveryTarget& target) {
  return make_call(target, "OPTIONS", path_of(target));
}

HttpCall make_acknowledgement_request(const DeliveryTarget& target, uint64_t number) {
  HttpCall call = make_call(target, "POST", ack_target(path_of(target)));
  call.headers.emplace_back("Content-Type", "application/json");
  call.body = write_ack_poll({&number, 1});
  return call;
}

}  // namespace sluice
