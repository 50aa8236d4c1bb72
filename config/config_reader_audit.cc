// The `audit` block of a configuration.
#include <algorithm>
#include <array>
#include <set>

#include "config/address.h"
#include "config/ascii.h"
#include "config/config_parts.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

// Interface 6, without "io.sluice.".
constexpr std::array<std::string_view, 16> kEventTypes = {
    "request.attempted",  "request.forwarded", "request.denied",    "request.refused",
    "request.failed",     "policy.reloaded",   "policy.rejected",   "credential.changed",
    "credential.refused", "gate.started",      "gate.stopped",      "audit.gap",
    "limit.exceeded",     "audit.checkpoint",  "webhook.suspended", "webhook.resumed"};

// An exact type, or everything under a first word: "request.*".
bool matches_some_event(std::string_view pattern) {
  const bool is_prefix = pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ".*";
  const std::string_view want = is_prefix ? pattern.substr(0, pattern.size() - 1) : pattern;
  return std::any_of(kEventTypes.begin(), kEventTypes.end(), [&](std::string_view type) {
    return is_prefix ? type.substr(0, want.size()) == want : type == want;
  });
}

std::vector<std::string> read_events(const Value& value, const ReadContext& context) {
  std::vector<std::string> patterns;
  bool all = false;
  for (const Value* pattern : read_scalars(value, "events", context.findings)) {
    all = all || pattern->text == "*";
    patterns.push_back(pattern->text);
    // A pattern that matches nothing would lose events in silence.
    if (pattern->text == "*" || matches_some_event(pattern->text)) continue;
    context.findings.error(
        pattern->at, "invalid-value",
        "events: \"" + pattern->text + "\" matches no event, allowed: *, request.*, policy.*, " +
            "credential.*, gate.*, audit.*, webhook.*, limit.*, or one type such as request.denied");
  }
  if (value.is_list() && value.items.empty()) {
    context.findings.error(value.at, "invalid-value",
                           "events: the list is empty, leave the key out for all events");
  }
  if (all) patterns.clear();
  return patterns;
}

void read_url(const Value& value, UpstreamUrl& out, const ReadContext& context) {
  auto text = read_text(value, "url", context.findings);
  if (!text) return;
  auto url = parse_url(*text);
  if (!url) {
    context.findings.error(value.at, "invalid-value", "url: " + url.error().message);
    return;
  }
  if (url->path.empty() || url->path[0] != '/') url->path.insert(0, "/");
  out = std::move(*url);
}

void read_headers(const Value& value, WebhookConfig& webhook, const ReadContext& context) {
  constexpr std::array<std::string_view, 5> kOurs = {"content-type", "webhook-id", "webhook-timestamp",
                                                     "webhook-signature", "x-signature"};
  const MapReader map(value, "headers", context.findings);
  std::set<std::string> seen;
  for (const auto& [key, source] : value.entries) {
    if (!check_header_name(key, key.text, context)) continue;
    const std::string name = to_lower(key.text);
    if (std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) {
      context.findings.error(key.at, "invalid-value", "headers: " + key.text + " is set by the gate itself");
      continue;
    }
    if (!seen.insert(name).second) {
      context.findings.error(key.at, "duplicate-key", "headers: " + key.text + " is given twice");
      continue;
    }
    webhook.headers.emplace_back(key.text, read_secret_ref(source, key.text, context));
  }
}

WebhookConfig read_webhook(const Value& value, const ReadContext& context) {
  enum class Format { kCloudEvents };
  Format format = Format::kCloudEvents;
  WebhookConfig webhook;
  webhook.at = value.at;
  MapReader map(value, "a webhook", context.findings);
  if (const Value* name = map.required("name")) {
    webhook.at = name->at;
    map.text("name", webhook.name);
    if (name->is_scalar() && !is_name(webhook.name)) {
      context.findings.error(
          name->at, "invalid-name",
          "the name of a webhook must be letters, digits, ., _ and -, starting with a letter or a digit");
    }
  }
  if (const Value* url = map.required("url")) read_url(*url, webhook.url, context);
  map.choice("format", {{"cloudevents", Format::kCloudEvents}}, format);
  map.choice("signature",
             {{"standard", WebhookSignature::kStandard},
              {"push", WebhookSignature::kPush},
              {"none", WebhookSignature::kNone}},
             webhook.signature);
  const Value* secret = map.optional("secret");
  if (secret != nullptr) webhook.secrets = read_secret_refs(*secret, "secret", context);
  if (secret == nullptr && webhook.signature != WebhookSignature::kNone && map.is_map()) {
    context.findings.error(value.at, "missing-key",
                           "missing key \"secret\" in a webhook, give it one or say signature: none");
  }
  if (const Value* headers = map.optional("headers")) read_headers(*headers, webhook, context);
  if (const Value* events = map.optional("events")) webhook.events = read_events(*events, context);
  map.boolean("public_only", webhook.public_only);
  if (const Value* tls = map.optional("tls")) {
    MapReader tls_map(*tls, "tls", context.findings);
    read_path(tls_map, "ca", webhook.ca, context);
    tls_map.finish();
  }
  map.finish();
  return webhook;
}

std::vector<WebhookConfig> read_webhooks(const Value& value, const ReadContext& context) {
  std::vector<WebhookConfig> webhooks;
  if (!value.is_list() && !value.reported) {
    context.findings.error(value.at, "wrong-type",
                           "webhooks: expected a list, got " + std::string(kind_name(value.kind)));
  }
  std::set<std::string> names;
  for (const Value& item : value.items) {
    WebhookConfig webhook = read_webhook(item, context);
    if (!webhook.name.empty() && !names.insert(webhook.name).second) {
      context.findings.error(webhook.at, "duplicate-name", "name: another webhook is called " + webhook.name);
    }
    webhooks.push_back(std::move(webhook));
  }
  return webhooks;
}

void read_retain(const Value& value, AuditConfig& audit, const ReadContext& context) {
  MapReader map(value, "retain", context.findings);
  map.size("size", audit.retain_size, 64_KiB, 1'048'576_GiB);
  map.duration("age", audit.retain_age, kSecond, 36'500 * kDay);
  map.finish();
}

}  // namespace

std::string default_spool(const std::string& file) { return resolve_path(file, "audit.db"); }

AuditConfig read_audit(const Value& value, const ReadContext& context) {
  AuditConfig audit;
  audit.spool = default_spool(context.file);
  MapReader map(value, "audit", context.findings);
  read_path(map, "spool", audit.spool, context);
  map.choice("durability", {{"power", Durability::kPower}, {"process", Durability::kProcess}},
             audit.durability);
  if (const Value* retain = map.optional("retain")) read_retain(*retain, audit, context);
  map.choice("when_unavailable", {{"block", WhenUnavailable::kBlock}, {"allow", WhenUnavailable::kAllow}},
             audit.when_unavailable);
  read_capture(map, audit, context);
  if (const Value* webhooks = map.optional("webhooks")) audit.webhooks = read_webhooks(*webhooks, context);
  map.finish();
  return audit;
}

}  // namespace sluice
