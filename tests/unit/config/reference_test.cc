// config/reference.yaml: it is a valid configuration, names every key, and shows the defaults of the model.
#include <gmock/gmock.h>

#include <sstream>

#include "config/address.h"
#include "config/config_reader.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

using testing::IsEmpty;

const std::string& reference_path() {
  static const std::string path = std::string(SLUICE_SOURCE_DIR) + "/config/reference.yaml";
  return path;
}

Config read_reference() {
  Findings findings;
  auto config = read_config_file(reference_path(), findings);
  for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
  return config ? *config : Config();
}

TEST(Reference, ShowsTheDefaultsOfTheGate) {
  const Config config = read_reference();
  const Config defaults;
  EXPECT_EQ(to_text(config.admin.address), to_text(defaults.admin.address));
  EXPECT_EQ(config.admin.hosts, defaults.admin.hosts);
  EXPECT_EQ(config.workers, defaults.workers);
  EXPECT_EQ(config.limits.head_size, defaults.limits.head_size);
  EXPECT_EQ(config.limits.header_count, defaults.limits.header_count);
  EXPECT_EQ(config.limits.target_size, defaults.limits.target_size);
  EXPECT_EQ(config.limits.head_time, defaults.limits.head_time);
  EXPECT_EQ(config.limits.tls_time, defaults.limits.tls_time);
  EXPECT_EQ(config.limits.body_time, defaults.limits.body_time);
  EXPECT_EQ(config.limits.keep_alive, defaults.limits.keep_alive);
  EXPECT_EQ(config.limits.connections, defaults.limits.connections);
  EXPECT_EQ(config.limits.connections_per_source, defaults.limits.connections_per_source);
  EXPECT_EQ(config.limits.failed_attempts, defaults.limits.failed_attempts);
  EXPECT_THAT(config.listen.at(1).tls.value().by_name, IsEmpty());
  EXPECT_EQ(config.drain.delay, defaults.drain.delay);
  EXPECT_EQ(config.drain.timeout, defaults.drain.timeout);
  EXPECT_EQ(config.log.format, defaults.log.format);
  EXPECT_EQ(config.log.level, defaults.log.level);
  EXPECT_EQ(config.log.access, defaults.log.access);
}

TEST(Reference, ShowsTheDefaultsOfTracing) {
  const Config config = read_reference();
  ASSERT_TRUE(config.tracing);
  const TracingConfig defaults;
  EXPECT_EQ(config.tracing->otlp.path, "/v1/traces");
  EXPECT_EQ(config.tracing->sample, defaults.sample);
  EXPECT_THAT(config.tracing->headers, IsEmpty());
  EXPECT_EQ(config.tracing->service_name, defaults.service_name);
  EXPECT_FALSE(Config().tracing);
}

TEST(Reference, ShowsTheDefaultsOfConnect) {
  const Config config = read_reference();
  ASSERT_TRUE(config.connect);
  EXPECT_EQ(config.connect->proxy_authorization, ConnectConfig().proxy_authorization);
  EXPECT_FALSE(Config().connect);
}

TEST(Reference, ShowsTheDefaultsOfAnApi) {
  const Config config = read_reference();
  ASSERT_EQ(config.apis.size(), 1U);
  const ApiConfig& api = config.apis[0];
  const ApiConfig defaults;
  EXPECT_EQ(api.hosts, defaults.hosts);
  ASSERT_TRUE(api.limit);
  EXPECT_EQ(api.limit->rate, RateLimit().rate);
  EXPECT_EQ(api.limit->burst, RateLimit().burst);
  EXPECT_EQ(api.queue.max_requests, defaults.queue.max_requests);
  EXPECT_EQ(api.queue.max_wait, defaults.queue.max_wait);
  EXPECT_EQ(api.timeouts.connect, defaults.timeouts.connect);
  EXPECT_EQ(api.timeouts.response, defaults.timeouts.response);
  EXPECT_EQ(api.timeouts.silence, defaults.timeouts.silence);
  EXPECT_EQ(api.timeouts.idle, defaults.timeouts.idle);
  EXPECT_EQ(api.max_body, defaults.max_body);
  EXPECT_EQ(api.upstream_tls.server_name, api.upstream.host);
}

TEST(Reference, ShowsTheDefaultsOfVaultAndSecrets) {
  const Config config = read_reference();
  EXPECT_EQ(config.secrets.keep, SecretsConfig().keep);
  ASSERT_TRUE(config.vault);
  EXPECT_EQ(config.vault->refresh, VaultConfig().refresh);
}

TEST(Reference, ShowsTheDefaultsOfAClient) {
  const Config config = read_reference();
  ASSERT_EQ(config.clients.size(), 1U);
  const ClientConfig defaults;
  EXPECT_EQ(config.clients[0].token_sha256, defaults.token_sha256);
  EXPECT_EQ(config.clients[0].groups, defaults.groups);
  EXPECT_EQ(config.clients[0].priority, defaults.priority);
  EXPECT_EQ(config.clients[0].weight, defaults.weight);
}

TEST(Reference, ShowsTheDefaultsOfAnIssuer) {
  const Config config = read_reference();
  ASSERT_EQ(config.identity.jwt.size(), 1U);
  const JwtConfig defaults;
  EXPECT_EQ(config.identity.jwt[0].algorithms, defaults.algorithms);
  EXPECT_EQ(config.identity.jwt[0].client_claim, defaults.client_claim);
  EXPECT_EQ(config.identity.jwt[0].leeway, defaults.leeway);
}

TEST(Reference, ShowsTheDefaultsOfTheAudit) {
  const Config config = read_reference();
  const AuditConfig defaults;
  EXPECT_EQ(config.audit.spool, resolve_path(reference_path(), "audit.db"));
  EXPECT_EQ(config.audit.durability, defaults.durability);
  EXPECT_EQ(config.audit.when_unavailable, defaults.when_unavailable);
  EXPECT_EQ(config.audit.retain_size, defaults.retain_size);
  EXPECT_EQ(config.audit.retain_age, defaults.retain_age);
  ASSERT_EQ(config.audit.captures.size(), 1U);
  EXPECT_EQ(config.audit.captures[0].hash, CaptureConfig().hash);
  EXPECT_THAT(defaults.captures, IsEmpty());
  ASSERT_EQ(config.audit.webhooks.size(), 1U);
  const WebhookConfig webhook;
  EXPECT_EQ(config.audit.webhooks[0].format, webhook.format);
  EXPECT_EQ(config.audit.webhooks[0].signature, webhook.signature);
  EXPECT_EQ(config.audit.webhooks[0].indexer_acknowledgement, webhook.indexer_acknowledgement);
  EXPECT_EQ(config.audit.webhooks[0].handshake, webhook.handshake);
  EXPECT_THAT(config.audit.webhooks[0].headers, IsEmpty());
  EXPECT_EQ(config.audit.webhooks[0].events, webhook.events);
  EXPECT_EQ(config.audit.webhooks[0].public_only, webhook.public_only);
}

// An unknown key in each block makes the reader say which keys it knows.
TEST(Reference, NamesEveryKeyThatIsRead) {
  constexpr char kUnknown[] = "zzzzzzzzzzzzzzzz: 1";
  const std::string u = kUnknown;
  const std::string probe =
      u + "\nlisten: [ { " + u + ", tls: { " + u + ", by_name: [ { " + u + " } ] } } ]\nconnect: { " + u +
      ", ca: { " + u + " } }\nsealed_keys: { " + u + " }\nvault: { " + u + ", kubernetes: { " + u +
      " }, tls: { " + u + " } }\nsecrets: { " + u + " }\nadmin: { " + u + " }\nlimits: { " + u +
      " }\ndrain: { " + u + " }\nlog: { " + u + " }\ntracing: { " + u + ", tls: { " + u +
      " } }\napis: { a: { " + u + ", credential: { " + u + " }, limit: { " + u + " }, queue: { " + u +
      " }, upstream_tls: { " + u + " }, timeouts: { " + u + " } } }\nidentity: { " + u + ", jwt: [ { " + u +
      ", jwks: { " + u + ", tls: { " + u + " } } } ] }\nclients: { a: { " + u + ", token_sha256: { " + u +
      " }, certificate: { " + u + " } } }\naudit: { " + u + ", retain: { " + u + " }, capture: [ { " + u +
      " } ], webhooks: [ { " + u + ", filter: { " + u + " }, tls: { " + u + " } } ] }\n";
  Findings findings;
  EXPECT_FALSE(read_config(probe, "probe", findings));
  const std::string text = *read_file(reference_path());
  int blocks = 0;
  for (const Finding& finding : findings.all()) {
    const size_t start = finding.message.find(", allowed: ");
    if (finding.rule != "unknown-key" || start == std::string::npos) continue;
    ++blocks;
    std::istringstream names(finding.message.substr(start + 11));
    for (std::string name; std::getline(names >> std::ws, name, ',');) {
      const bool shown = text.find(" " + name + ":") != std::string::npos ||
                         text.find("\n" + name + ":") != std::string::npos;
      EXPECT_TRUE(shown) << "reference.yaml does not show " << name << " (" << finding.message << ")";
    }
  }
  EXPECT_EQ(blocks, 35);
}

}  // namespace
}  // namespace sluice
