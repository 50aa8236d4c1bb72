// The `apis` block of a configuration.
#include <algorithm>

#include "config/address.h"
#include "config/ascii.h"
#include "config/config_parts.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

constexpr Millis kShortest{10};

bool is_api_name(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
}

// A prefix is put before every path, so it must be one that means the same to every server.
bool is_clean_prefix(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (segment.find_first_of("%;\\") != std::string_view::npos) return false;
    path.remove_prefix(segment.size());
  }
  return true;
}

void read_upstream(const Value& value, UpstreamUrl& out, const ReadContext& context) {
  auto refuse = [&](const std::string& message) {
    context.findings.error(value.at, "invalid-value", "upstream: " + message);
  };
  auto text = read_text(value, "upstream", context.findings);
  if (!text) return;
  auto url = parse_url(*text);
  if (!url) return refuse(url.error().message);
  if (!url->tls && !is_loopback(url->host)) {
    return refuse(
        "http:// would send the vendor's key in clear, use https:// (http:// is for a loopback host only)");
  }
  if (url->path.find('?') != std::string::npos) return refuse("a query (?) is not allowed here");
  if (!url->path.empty() && url->path.back() == '/') url->path.pop_back();
  if (!is_clean_prefix(url->path)) {
    return refuse("the path must have no empty, dot, encoded or parameter segments");
  }
  out = std::move(*url);
}

// A bare name is a built-in catalogue; whatever looks like a file is a path.
void read_catalogue(const Value& value, ApiConfig& api, const ReadContext& context) {
  api.catalogue_at = value.at;
  auto text = read_text(value, "catalogue", context.findings);
  if (!text) return;
  if (text->empty()) {
    context.findings.error(value.at, "invalid-value",
                           "catalogue: expected a built-in name or the path of a file");
    return;
  }
  const bool is_file = text->find_first_of("/.") != std::string::npos;
  api.catalogue = is_file ? resolve_path(context.file, *text) : *text;
}

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

void read_template(const Value& value, std::string& out, const ReadContext& context) {
  auto text = read_text(value, "value", context.findings);
  if (!text) return;
  const size_t placeholders = count_of(*text, "{key}") + count_of(*text, "{base64:key}");
  const bool printable =
      std::all_of(text->begin(), text->end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  const bool padded = !text->empty() && (text->front() == ' ' || text->back() == ' ');
  if (placeholders != 1 || count_of(*text, "{") != 1 || count_of(*text, "}") != 1 || !printable || padded) {
    // Not quoted: a key may have been written here.
    context.findings.error(
        value.at, "invalid-value",
        "value: expected printable ASCII with exactly one {key} or {base64:key}, as in \"Bearer {key}\"");
    return;
  }
  out = std::move(*text);
}

// "GET /v1/employees": a read, because it is sent without a caller.
void read_probe(const Value& value, std::string& out, const ReadContext& context) {
  constexpr std::string_view kMethod = "GET ";
  const auto text = read_text(value, "probe", context.findings);
  if (!text) return;
  const bool visible = text->starts_with(kMethod) &&
                       std::all_of(text->begin() + kMethod.size(), text->end(),
                                   [](char c) { return is_visible(c) && c != '#' && c != '\\'; });
  const std::string target = visible ? text->substr(kMethod.size()) : "";
  if (target.empty() || target[0] != '/' || !is_clean_prefix(target.substr(0, target.find('?')))) {
    context.findings.error(value.at, "invalid-value",
                           "probe: expected GET and a path of the vendor's, as in \"GET /v1/employees\"");
    return;
  }
  out = target;
}

CredentialConfig read_credential(const Value& value, const ReadContext& context) {
  CredentialConfig credential;
  MapReader map(value, "credential", context.findings);
  if (const Value* header = map.optional("header")) {
    auto name = read_text(*header, "header", context.findings);
    if (name && check_header_name(*header, *name, context)) credential.header = std::move(*name);
  }
  if (const Value* value_template = map.optional("value"))
    read_template(*value_template, credential.value, context);
  if (const Value* read = map.optional("read")) credential.read = read_secret_refs(*read, "read", context);
  if (const Value* full = map.required("full")) credential.full = read_secret_refs(*full, "full", context);
  if (const Value* probe = map.optional("probe")) read_probe(*probe, credential.probe, context);
  map.finish();
  return credential;
}

RateLimit read_limit(const Value& value, const ReadContext& context) {
  constexpr double kMost = 1'000'000;
  RateLimit limit;
  MapReader map(value, "limit", context.findings);
  map.number("rate", limit.rate);
  map.number("burst", limit.burst);
  if (const Value* rate = map.optional("rate"); rate != nullptr && !(limit.rate > 0 && limit.rate <= kMost)) {
    context.findings.error(rate->at, "out-of-range",
                           "rate: must be above 0 and at most 1000000 requests per second");
  }
  if (const Value* burst = map.optional("burst");
      burst != nullptr && !(limit.burst >= 1 && limit.burst <= kMost)) {
    context.findings.error(burst->at, "out-of-range", "burst: must be from 1 to 1000000 requests");
  }
  map.finish();
  return limit;
}

QueueConfig read_queue(const Value& value, const ReadContext& context) {
  QueueConfig queue;
  MapReader map(value, "queue", context.findings);
  map.integer("max_requests", queue.max_requests, 1, 1'000'000);
  map.size("max_bytes", queue.max_bytes, {1}, 64_GiB);
  map.integer("total_requests", queue.total_requests, 1, 1'000'000);
  map.size("total_bytes", queue.total_bytes, {1}, 64_GiB);
  map.duration("max_wait", queue.max_wait, Millis{0}, kHour);
  map.finish();
  return queue;
}

UpstreamTlsConfig read_upstream_tls(const Value& value, const ReadContext& context) {
  UpstreamTlsConfig tls;
  MapReader map(value, "upstream_tls", context.findings);
  read_path(map, "ca", tls.ca, context);
  if (const Value* name = map.optional("server_name")) {
    auto text = read_text(*name, "server_name", context.findings);
    if (text && is_host(*text)) {
      tls.server_name = to_lower(*text);
    } else if (text) {
      context.findings.error(name->at, "invalid-value", "server_name: expected a host name");
    }
  }
  const Value* certificate = map.optional("certificate");
  const Value* private_key = map.optional("private_key");
  read_path(map, "certificate", tls.certificate, context);
  read_path(map, "private_key", tls.private_key, context);
  if ((certificate == nullptr) != (private_key == nullptr)) {
    context.findings.error(value.at, "missing-key",
                           "upstream_tls: certificate and private_key belong together");
  }
  map.finish();
  return tls;
}

UpstreamTimeouts read_timeouts(const Value& value, const ReadContext& context) {
  UpstreamTimeouts timeouts;
  MapReader map(value, "timeouts", context.findings);
  map.duration("connect", timeouts.connect, kShortest, kHour);
  map.duration("response", timeouts.response, kShortest, kHour);
  map.duration("silence", timeouts.silence, kShortest, kHour);
  map.duration("idle", timeouts.idle, kShortest, kHour);
  map.duration("total", timeouts.total, kShortest, 24 * kHour);
  map.finish();
  return timeouts;
}

ApiConfig read_api(const Value& key, const Value& value, HostOwners& owners, const ReadContext& context) {
  ApiConfig api;
  api.name = key.text;
  api.at = key.at;
  if (!is_api_name(api.name)) {
    context.findings.error(
        key.at, "invalid-name",
        "the name of an API must be lower-case letters, digits and -, starting with a letter");
  }
  MapReader map(value, "an API", context.findings);
  if (const Value* catalogue = map.required("catalogue")) read_catalogue(*catalogue, api, context);
  if (const Value* upstream = map.required("upstream")) read_upstream(*upstream, api.upstream, context);
  if (const Value* hosts = map.optional("hosts"))
    api.hosts = read_hosts(*hosts, "hosts", context, &owners, api.name);
  if (const Value* credential = map.required("credential"))
    api.credential = read_credential(*credential, context);
  if (const Value* limit = map.optional("limit")) api.limit = read_limit(*limit, context);
  if (const Value* queue = map.optional("queue")) api.queue = read_queue(*queue, context);
  if (const Value* tls = map.optional("upstream_tls")) api.upstream_tls = read_upstream_tls(*tls, context);
  if (const Value* timeouts = map.optional("timeouts")) api.timeouts = read_timeouts(*timeouts, context);
  map.size("max_body", api.max_body, {1}, 1_GiB);
  map.boolean("coalesce", api.coalesce);
  map.finish();
  return api;
}

}  // namespace

std::vector<ApiConfig> read_apis(const Value& value, const ReadContext& context) {
  std::vector<ApiConfig> apis;
  const MapReader map(value, "apis", context.findings);
  if (map.is_map() && value.entries.empty()) {
    context.findings.error(value.at, "invalid-value", "apis: expected at least one API");
  }
  HostOwners owners;
  for (const auto& [key, entry] : value.entries) apis.push_back(read_api(key, entry, owners, context));
  return apis;
}

}  // namespace sluice
