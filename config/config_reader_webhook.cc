// The `webhooks` of a configuration's `audit` block.
#include <algorithm>
#include <array>
#include <set>

#include "config/address.h"
#include "config/ascii.h"
#include "config/config_parts.h"

namespace sluice {
namespace {

// Interface 6, without "io.sluice.". Those about a request come first.
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

// Interface 6: ocsf and slack speak of requests, and have no words for the rest.
bool carries_requests_only(WebhookFormat format) {
  return format == WebhookFormat::kOcsf || format == WebhookFormat::kSlack;
}

void check_event(const Value& pattern, WebhookFormat format, const ReadContext& context) {
  if (pattern.text == "*") return;
  if (!matches_some_event(pattern.text)) {
    context.findings.error(
        pattern.at, "invalid-value",
        "events: \"" + pattern.text + "\" matches no event, allowed: *, request.*, policy.*, " +
            "credential.*, gate.*, audit.*, webhook.*, limit.*, or one type such as request.denied");
    return;
  }
  if (carries_requests_only(format) && pattern.text.rfind("request.", 0) != 0) {
    context.findings.error(pattern.at, "invalid-value",
                           "events: \"" + pattern.text + "\" matches no event that " +
                               (format == WebhookFormat::kOcsf ? "ocsf" : "slack") +
                               " carries, allowed: *, request.*, or one type such as request.denied");
  }
}

// A pattern that matches nothing would lose events in silence, so each has to match one.
std::vector<std::string> read_events(const Value& value, WebhookFormat format, const ReadContext& context) {
  std::vector<std::string> patterns;
  bool all = false;
  for (const Value* pattern : read_scalars(value, "events", context.findings)) {
    all = all || pattern->text == "*";
    patterns.push_back(pattern->text);
    check_event(*pattern, format, context);
  }
  if (value.is_list() && value.items.empty()) {
    context.findings.error(
        value.at, "invalid-value",
        "events: the list is empty, leave the key out for " +
            std::string(format == WebhookFormat::kSlack ? "request.denied" : "all events"));
  }
  if (all) patterns.clear();
  return patterns;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

// The values of one key of a filter, each of them one of `known`. Without: tags, which are the catalogues'
// own words and not known here.
std::vector<std::string> read_wanted(MapReader& map, std::string_view key, std::string_view what,
                                     const std::vector<std::string>* known, const ReadContext& context) {
  std::vector<std::string> names;
  const Value* value = map.optional(key);
  if (value == nullptr) return names;
  const std::string place = std::string(key) + ": ";
  const std::string unknown = place + "unknown " + std::string(what) + " ";
  for (const Value* name : read_scalars(*value, key, context.findings)) {
    names.push_back(name->text);
    if (known == nullptr && !is_tag(name->text)) {
      context.findings.error(name->at, "invalid-name",
                             place + "a tag is lower-case letters, digits and hyphens");
    }
    if (known == nullptr || std::find(known->begin(), known->end(), name->text) != known->end()) continue;
    std::string hint = suggestion(name->text, *known);
    if (hint.empty() && !known->empty()) {
      hint = ", known: " + known->front();
      for (size_t i = 1; i < known->size(); ++i) hint += ", " + (*known)[i];
    }
    context.findings.error(name->at, "unknown-name",
                           (unknown + "\"").append(name->text).append("\"").append(hint));
  }
  if (value->is_list() && value->items.empty()) {
    context.findings.error(value->at, "invalid-value",
                           place + "the list is empty, leave the key out for all");
  }
  return names;
}

WebhookFilter read_filter(const Value& value, const KnownNames& known, const ReadContext& context) {
  const std::vector<std::string> accesses = {"read", "write"};
  const std::vector<std::string> decisions = {"allow", "deny", "refuse"};
  WebhookFilter filter;
  MapReader map(value, "filter", context.findings);
  filter.apis = read_wanted(map, "apis", "API", &known.apis, context);
  filter.access = read_wanted(map, "access", "access", &accesses, context);
  filter.tags = read_wanted(map, "tags", "tag", nullptr, context);
  filter.decisions = read_wanted(map, "decisions", "decision", &decisions, context);
  filter.clients = read_wanted(map, "clients", "client", &known.clients, context);
  map.finish();
  return filter;
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
  constexpr std::array<std::string_view, 9> kOurs = {
      "content-type", "webhook-id", "webhook-timestamp",      "webhook-signature",       "x-signature",
      "user-agent",   "expect",     "webhook-request-origin", "x-splunk-request-channel"};
  webhook.headers = read_secret_headers(value, kOurs, context);
}

void read_name(MapReader& map, WebhookConfig& webhook, const ReadContext& context) {
  const Value* name = map.required("name");
  if (name == nullptr) return;
  webhook.at = name->at;
  map.text("name", webhook.name);
  if (name->is_scalar() && !is_name(webhook.name)) {
    context.findings.error(
        name->at, "invalid-name",
        "the name of a webhook must be letters, digits, ., _ and -, starting with a letter or a digit");
  }
}

void read_signature(MapReader& map, WebhookConfig& webhook, const ReadContext& context) {
  map.choice("signature",
             {{"standard", WebhookSignature::kStandard},
              {"push", WebhookSignature::kPush},
              {"none", WebhookSignature::kNone}},
             webhook.signature);
  const Value* secret = map.optional("secret");
  if (secret != nullptr) {
    webhook.secrets = read_secret_refs(*secret, "secret", context);
    return;
  }
  const bool knows_sender =
      webhook.format == WebhookFormat::kSlack || webhook.format == WebhookFormat::kSplunkHec;
  if (knows_sender && map.optional("signature") == nullptr) webhook.signature = WebhookSignature::kNone;
  if (webhook.signature != WebhookSignature::kNone && map.is_map()) {
    context.findings.error(map.at(), "missing-key",
                           "missing key \"secret\" in a webhook, give it one or say signature: none");
  }
}

// A key that only some formats have.
void read_format_switch(MapReader& map, std::string_view key, bool allowed, const char* formats, bool& out,
                        const ReadContext& context) {
  map.boolean(key, out);
  if (const Value* value = map.optional(key); out && !allowed) {
    context.findings.error(value->at, "invalid-value",
                           std::string(key) + ": only a webhook with format: " + formats + " has it");
  }
}

void read_format(MapReader& map, WebhookConfig& webhook, const ReadContext& context) {
  map.choice("format",
             {{"cloudevents", WebhookFormat::kCloudEvents},
              {"cloudevents-batch", WebhookFormat::kCloudEventsBatch},
              {"ocsf", WebhookFormat::kOcsf},
              {"ecs", WebhookFormat::kEcs},
              {"splunk-hec", WebhookFormat::kSplunkHec},
              {"slack", WebhookFormat::kSlack}},
             webhook.format);
  read_format_switch(map, "indexer_acknowledgement", webhook.format == WebhookFormat::kSplunkHec,
                     "splunk-hec", webhook.indexer_acknowledgement, context);
  const bool sends_cloud_events =
      webhook.format == WebhookFormat::kCloudEvents || webhook.format == WebhookFormat::kCloudEventsBatch;
  read_format_switch(map, "handshake", sends_cloud_events, "cloudevents or cloudevents-batch",
                     webhook.handshake, context);
}

WebhookConfig read_webhook(const Value& value, const KnownNames& known, const ReadContext& context) {
  WebhookConfig webhook;
  webhook.at = value.at;
  MapReader map(value, "a webhook", context.findings);
  read_name(map, webhook, context);
  if (const Value* url = map.required("url")) read_url(*url, webhook.url, context);
  read_format(map, webhook, context);
  read_signature(map, webhook, context);
  if (const Value* headers = map.optional("headers")) read_headers(*headers, webhook, context);
  if (const Value* events = map.optional("events")) {
    webhook.events = read_events(*events, webhook.format, context);
  } else if (webhook.format == WebhookFormat::kSlack) {
    webhook.events = {"request.denied"};  // people read it: what was denied, and not each request
  }
  if (const Value* filter = map.optional("filter")) webhook.filter = read_filter(*filter, known, context);
  map.boolean("public_only", webhook.public_only);
  read_authorities(map, webhook.ca, context);
  map.finish();
  return webhook;
}

}  // namespace

std::vector<WebhookConfig> read_webhooks(const Value& value, const KnownNames& known,
                                         const ReadContext& context) {
  std::vector<WebhookConfig> webhooks;
  if (!value.is_list() && !value.reported) {
    context.findings.error(value.at, "wrong-type",
                           "webhooks: expected a list, got " + std::string(kind_name(value.kind)));
  }
  std::set<std::string> names;
  for (const Value& item : value.items) {
    WebhookConfig webhook = read_webhook(item, known, context);
    if (!webhook.name.empty() && !names.insert(webhook.name).second) {
      context.findings.error(webhook.at, "duplicate-name", "name: another webhook is called " + webhook.name);
    }
    webhooks.push_back(std::move(webhook));
  }
  return webhooks;
}

}  // namespace sluice
