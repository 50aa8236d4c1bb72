#include "config/config_reader.h"

#include <algorithm>
#include <map>

#include "config/address.h"
#include "config/config_parts.h"
#include "config/variables.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

std::vector<CertificateFiles> read_by_name(const Value& value, const ReadContext& context) {
  std::vector<CertificateFiles> pairs;
  if (value.reported) return pairs;
  if (!value.is_list()) {
    context.findings.error(value.at, "wrong-type",
                           "by_name: expected a list of { certificate: PATH, private_key: PATH }");
    return pairs;
  }
  for (const Value& item : value.items) {
    CertificateFiles pair;
    MapReader map(item, "by_name", context.findings);
    read_required_path(map, "certificate", pair.certificate, context);
    read_required_path(map, "private_key", pair.private_key, context);
    map.finish();
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

ListenerTls read_listener_tls(const Value& value, const ReadContext& context) {
  ListenerTls tls;
  MapReader map(value, "tls", context.findings);
  read_required_path(map, "certificate", tls.certificate, context);
  read_required_path(map, "private_key", tls.private_key, context);
  read_path(map, "client_ca", tls.client_ca, context);
  if (const Value* by_name = map.optional("by_name")) tls.by_name = read_by_name(*by_name, context);
  map.finish();
  return tls;
}

std::vector<ListenConfig> read_listen(const Value& value, const ReadContext& context) {
  std::vector<ListenConfig> listeners;
  if (value.reported) return listeners;
  if (!value.is_list() || value.items.empty()) {
    context.findings.error(value.at, "wrong-type",
                           "listen: expected a list of at least one { address: HOST:PORT }");
    return listeners;
  }
  for (const Value& item : value.items) {
    ListenConfig listener;
    MapReader map(item, "a listener", context.findings);
    if (const Value* address = map.required("address")) read_address(*address, listener.address, context);
    if (const Value* tls = map.optional("tls")) listener.tls = read_listener_tls(*tls, context);
    map.finish();
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

AdminConfig read_admin(const Value& value, const ReadContext& context) {
  AdminConfig admin;
  MapReader map(value, "admin", context.findings);
  if (const Value* address = map.optional("address")) read_address(*address, admin.address, context);
  if (const Value* hosts = map.optional("hosts")) admin.hosts = read_hosts(*hosts, "hosts", context);
  map.finish();
  return admin;
}

LimitsConfig read_limits(const Value& value, const ReadContext& context) {
  constexpr Millis kShortest{10};
  constexpr int64_t kMostConnections = 1'000'000;
  LimitsConfig limits;
  MapReader map(value, "limits", context.findings);
  map.size("head_size", limits.head_size, 1_KiB, 1_MiB);
  map.integer("header_count", limits.header_count, 1, 10'000);
  map.size("target_size", limits.target_size, {64}, 1_MiB);
  map.duration("head_time", limits.head_time, kShortest, kHour);
  map.duration("tls_time", limits.tls_time, kShortest, kHour);
  map.duration("body_time", limits.body_time, kShortest, kHour);
  map.duration("keep_alive", limits.keep_alive, kShortest, 24 * kHour);
  map.integer("requests_per_connection", limits.requests_per_connection, 1, kMostConnections);
  map.integer("connections", limits.connections, 1, kMostConnections);
  map.integer("connections_per_source", limits.connections_per_source, 1, kMostConnections);
  map.integer("failed_attempts", limits.failed_attempts, 0, 1'000'000);
  map.finish();
  return limits;
}

DrainConfig read_drain(const Value& value, const ReadContext& context) {
  DrainConfig drain;
  MapReader map(value, "drain", context.findings);
  map.duration("delay", drain.delay, Millis{0}, kHour);
  map.duration("timeout", drain.timeout, Millis{0}, kHour);
  map.finish();
  return drain;
}

LogConfig read_log(const Value& value, const ReadContext& context) {
  LogConfig log;
  MapReader map(value, "log", context.findings);
  map.choice("format", {{"json", LogFormat::kJson}, {"text", LogFormat::kText}}, log.format);
  map.choice("level",
             {{"debug", LogLevel::kDebug},
              {"info", LogLevel::kInfo},
              {"warning", LogLevel::kWarning},
              {"error", LogLevel::kError}},
             log.level);
  map.boolean("access", log.access);
  map.finish();
  return log;
}

void check_version(const Value& value, const ReadContext& context) {
  auto version = read_integer(value, "version", context.findings);
  if (version && *version != 1) {
    context.findings.error(value.at, "invalid-value",
                           "version: " + std::to_string(*version) + " is not supported, allowed: 1");
  }
}

// Two listeners on one address would share its connections by chance.
void check_addresses(const Config& config, const ReadContext& context) {
  std::map<std::string, int> lines;
  auto check = [&](const Address& address) {
    const bool chosen_by_system =
        address.unix_path.empty() && address.passed_name.empty() && address.port == 0;
    if (chosen_by_system) return;
    auto [earlier, is_new] = lines.emplace(to_text(address), address.at.line);
    if (is_new) return;
    std::string where =
        earlier->second > 0 ? "in line " + std::to_string(earlier->second) : "by the admin default";
    context.findings.error(address.at, "duplicate-address",
                           "address: " + earlier->first + " is already used " + where);
  };
  // The admin's default has no place in the file, so it comes first and the listener is to blame.
  const bool admin_is_default = config.admin.address.at.line == 0;
  if (admin_is_default) check(config.admin.address);
  for (const ListenConfig& listener : config.listen) check(listener.address);
  if (!admin_is_default) check(config.admin.address);
}

bool verifies_certificates(const Config& config) {
  return std::any_of(config.listen.begin(), config.listen.end(), [](const ListenConfig& listener) {
    return listener.tls && !listener.tls->client_ca.empty();
  });
}

KnownNames known_names(const Config& config) {
  KnownNames known;
  for (const ApiConfig& api : config.apis) known.apis.push_back(api.name);
  for (const ClientConfig& client : config.clients) known.clients.push_back(client.name);
  return known;
}

Config read_root(const Value& root, const ReadContext& context) {
  Config config;
  config.file = context.file;
  config.audit.spool = default_spool(context.file);
  MapReader map(root, "the configuration", context.findings);
  if (const Value* version = map.required("version")) check_version(*version, context);
  if (const Value* listen = map.required("listen")) config.listen = read_listen(*listen, context);
  if (const Value* admin = map.optional("admin")) config.admin = read_admin(*admin, context);
  if (const Value* connect = map.optional("connect")) {
    config.connect = read_connect(*connect, context);
    config.listen.push_back({config.connect->address, std::nullopt, true});
  }
  check_addresses(config, context);
  map.integer("workers", config.workers, 0, 256);
  if (const Value* limits = map.optional("limits")) config.limits = read_limits(*limits, context);
  if (const Value* drain = map.optional("drain")) config.drain = read_drain(*drain, context);
  if (const Value* apis = map.required("apis")) config.apis = read_apis(*apis, context);
  if (const Value* identity = map.optional("identity")) config.identity = read_identity(*identity, context);
  if (const Value* clients = map.optional("clients")) {
    config.clients = read_clients(*clients, verifies_certificates(config), config.identity, context);
  }
  if (const Value* policy = map.optional("policy")) config.policy_at = policy->at;
  read_required_path(map, "policy", config.policy, context);
  if (const Value* store = map.optional("rate_limit_store")) {
    config.rate_limit_store = read_rate_limit_store(*store, context);
  }
  if (const Value* sealed = map.optional("sealed_keys")) {
    config.sealed_keys = read_sealed_keys(*sealed, context);
  }
  if (const Value* vault = map.optional("vault")) config.vault = read_vault(*vault, context);
  if (const Value* secrets = map.optional("secrets")) config.secrets = read_secrets(*secrets, context);
  if (const Value* audit = map.optional("audit")) {
    config.audit = read_audit(*audit, known_names(config), context);
  }
  if (const Value* log = map.optional("log")) config.log = read_log(*log, context);
  if (const Value* tracing = map.optional("tracing")) config.tracing = read_tracing(*tracing, context);
  map.finish();
  check_sealed_section(config, context);
  check_vault_section(config, context);
  check_connect(config, context);
  return config;
}

std::optional<Config> finish(std::optional<Value> root, const std::string& file, Findings& findings) {
  if (!root) return std::nullopt;
  replace_variables(*root, findings);
  Config config = read_root(*root, {file, findings});
  if (findings.has_errors()) return std::nullopt;
  return config;
}

}  // namespace

std::optional<Config> read_config_file(const std::string& path, Findings& findings) {
  return finish(read_yaml_file(path, findings), path, findings);
}

std::optional<Config> read_config(std::string_view text, const std::string& file, Findings& findings) {
  return finish(read_yaml(text, file, findings), file, findings);
}

}  // namespace sluice
