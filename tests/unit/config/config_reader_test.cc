#include "config/config_reader.h"

#include <gmock/gmock.h>

#include "tests/unit/config/test_files.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kListen[] = "version: 1\nlisten: [{address: \"127.0.0.1:0\"}]\npolicy: policy.yaml\n";
constexpr char kApi[] =
    "apis:\n  push:\n    catalogue: push\n    upstream: https://api.example\n    credential: { full: { env: "
    "KEY } }\n";

struct Outcome {
  std::optional<Config> config;
  std::vector<std::string> findings;
};

Outcome read(const std::string& text, const std::string& file = "/etc/sluice/sluice.yaml") {
  Findings findings;
  Outcome outcome{read_config(text, file, findings), {}};
  findings.sort();
  for (const Finding& finding : findings.all()) outcome.findings.push_back(to_text(finding));
  return outcome;
}

Config read_valid(const std::string& text) {
  Outcome outcome = read(text);
  EXPECT_THAT(outcome.findings, IsEmpty());
  return outcome.config ? *outcome.config : Config();
}

TEST(ConfigReader, FillsEveryDefault) {
  const Config config = read_valid(std::string(kListen) + kApi);
  EXPECT_EQ(config.file, "/etc/sluice/sluice.yaml");
  EXPECT_EQ(config.policy, "/etc/sluice/policy.yaml");
  EXPECT_EQ(config.policy_at.line, 3);
  EXPECT_EQ(config.audit.spool, "/etc/sluice/audit.db");
  EXPECT_EQ(config.admin.address.port, 9901);
  EXPECT_EQ(config.workers, 1);
  EXPECT_FALSE(config.apis[0].limit);
  EXPECT_TRUE(config.apis[0].credential.read.empty());
  EXPECT_THAT(config.clients, IsEmpty());
}

TEST(ConfigReader, WithAuditTheSpoolIsBesideTheFileTooUnlessNamed) {
  const std::string base = std::string(kListen) + kApi;
  EXPECT_EQ(read_valid(base + "audit: { durability: process }\n").audit.spool, "/etc/sluice/audit.db");
  EXPECT_EQ(read_valid(base + "audit: { spool: x/y.db }\n").audit.spool, "/etc/sluice/x/y.db");
  EXPECT_EQ(read_valid(base + "audit: { spool: /y.db }\n").audit.spool, "/y.db");
}

TEST(ConfigReader, ReadsAnApiInFull) {
  const Config config = read_valid(std::string(kListen) + R"(
apis:
  first:
    catalogue: catalogues/mine.yaml
    upstream: http://127.0.0.1:9000/base/
    hosts: [Gate.Example, 10.0.0.1]
    credential: { header: Authorization, value: "Bearer {key}", read: { env: READ }, full: { file: full.key } }
    limit: { rate: 0.5, burst: 3 }
    queue: { max_requests: 5, max_wait: 2s }
    upstream_tls: { ca: ca.crt, server_name: API.example }
    timeouts: { connect: 1s, response: 2s, silence: 3s, idle: 4s }
    max_body: 2MiB
  second: { catalogue: push, upstream: "https://api.example", credential: { full: { env: K } } }
)");
  ASSERT_EQ(config.apis.size(), 2U);
  const ApiConfig& api = config.apis[0];
  EXPECT_EQ(api.name, "first");
  EXPECT_EQ(api.catalogue, "/etc/sluice/catalogues/mine.yaml");
  EXPECT_FALSE(api.upstream.tls);
  EXPECT_EQ(api.upstream.path, "/base");
  EXPECT_EQ(api.upstream.authority, "127.0.0.1:9000");
  EXPECT_THAT(api.hosts, ElementsAre("gate.example", "10.0.0.1"));
  EXPECT_EQ(api.credential.header, "Authorization");
  EXPECT_EQ(api.credential.value, "Bearer {key}");
  EXPECT_EQ(api.credential.read.at(0).name, "READ");
  EXPECT_EQ(api.credential.full.at(0).kind, SecretRef::Kind::kFile);
  EXPECT_EQ(api.credential.full.at(0).name, "/etc/sluice/full.key");
  ASSERT_TRUE(api.limit);
  EXPECT_EQ(api.limit->rate, 0.5);
  EXPECT_EQ(api.limit->burst, 3);
  EXPECT_EQ(api.queue.max_requests, 5);
  EXPECT_EQ(api.queue.max_wait, Millis(2'000));
  EXPECT_EQ(api.upstream_tls.ca, "/etc/sluice/ca.crt");
  EXPECT_EQ(api.upstream_tls.server_name, "api.example");
  EXPECT_EQ(api.timeouts.connect, Millis(1'000));
  EXPECT_EQ(api.timeouts.response, Millis(2'000));
  EXPECT_EQ(api.timeouts.silence, Millis(3'000));
  EXPECT_EQ(api.timeouts.idle, Millis(4'000));
  EXPECT_EQ(api.max_body, 2_MiB);
  EXPECT_EQ(config.apis[1].catalogue, "push");
  EXPECT_EQ(config.apis[1].upstream.path, "");
}

TEST(ConfigReader, ReadsClientsInFull) {
  const Config config = read_valid(
      R"(
version: 1
listen: [ { address: "127.0.0.1:0", tls: { certificate: a.crt, private_key: a.key, client_ca: ca.crt } } ]
policy: /p.yaml
)" + std::string(kApi) +
      "clients:\n  soar:\n    token_sha256: [ 00ff" + std::string(60, '1') + ", " + std::string(64, 'A') +
      " ]\n    groups: [automation, x.y]\n    priority: interactive\n    weight: 7\n" +
      "  siem: { token: [ { env: NEW }, { file: old } ], priority: batch }\n" +
      "  machine: { certificate: { san: machine.internal } }\n");
  ASSERT_EQ(config.clients.size(), 3U);
  const ClientConfig& soar = config.clients[0];
  EXPECT_EQ(soar.name, "soar");
  ASSERT_EQ(soar.token_sha256.size(), 2U);
  EXPECT_EQ(soar.token_sha256[0].digest[0], 0x00);
  EXPECT_EQ(soar.token_sha256[0].digest[1], 0xff);
  EXPECT_EQ(soar.token_sha256[0].digest[2], 0x11);
  EXPECT_EQ(soar.token_sha256[1].digest[31], 0xaa);
  EXPECT_THAT(soar.groups, ElementsAre("automation", "x.y"));
  EXPECT_EQ(soar.priority, Priority::kInteractive);
  EXPECT_EQ(soar.weight, 7);
  ASSERT_EQ(config.clients[1].tokens.size(), 2U);
  EXPECT_EQ(config.clients[1].tokens[0].name, "NEW");
  EXPECT_EQ(config.clients[1].tokens[1].name, "/etc/sluice/old");
  EXPECT_EQ(config.clients[1].priority, Priority::kBatch);
  EXPECT_EQ(config.clients[2].certificate_san, "machine.internal");
  EXPECT_EQ(config.clients[2].priority, Priority::kNone);
  ASSERT_TRUE(config.listen[0].tls);
  EXPECT_EQ(config.listen[0].tls->client_ca, "/etc/sluice/ca.crt");
}

TEST(ConfigReader, ReadsWebhooksInFull) {
  const Config config = read_valid(std::string(kListen) + kApi + R"(
audit:
  durability: process
  when_unavailable: allow
  retain: { size: 1GiB, age: 1d }
  webhooks:
    - name: siem
      url: https://siem.example:8443/hooks?a=b
      secret: [ { env: NEW }, { env: OLD } ]
      format: cloudevents
      signature: push
      headers: { Authorization: { env: HEADER } }
      events: ["request.*", policy.rejected]
      public_only: true
      tls: { ca: ca.crt }
    - { name: all, url: "http://127.0.0.1", signature: none, events: ["*"] }
)");
  EXPECT_EQ(config.audit.durability, Durability::kProcess);
  EXPECT_EQ(config.audit.when_unavailable, WhenUnavailable::kAllow);
  EXPECT_EQ(config.audit.retain_size, 1_GiB);
  EXPECT_EQ(config.audit.retain_age, Millis(86'400'000));
  ASSERT_EQ(config.audit.webhooks.size(), 2U);
  const WebhookConfig& siem = config.audit.webhooks[0];
  EXPECT_EQ(siem.url.path, "/hooks?a=b");
  EXPECT_EQ(siem.url.authority, "siem.example:8443");
  ASSERT_EQ(siem.secrets.size(), 2U);
  EXPECT_EQ(siem.secrets[0].name, "NEW");
  EXPECT_EQ(siem.signature, WebhookSignature::kPush);
  ASSERT_EQ(siem.headers.size(), 1U);
  EXPECT_EQ(siem.headers[0].first, "Authorization");
  EXPECT_EQ(siem.headers[0].second.name, "HEADER");
  EXPECT_THAT(siem.events, ElementsAre("request.*", "policy.rejected"));
  EXPECT_TRUE(siem.public_only);
  EXPECT_EQ(siem.ca, "/etc/sluice/ca.crt");
  const WebhookConfig& all = config.audit.webhooks[1];
  EXPECT_EQ(all.url.path, "/");
  EXPECT_THAT(all.events, IsEmpty());
  EXPECT_EQ(all.signature, WebhookSignature::kNone);
}

TEST(ConfigReader, ReadsFormatsAndFiltersOfWebhooks) {
  const Config config = read_valid(std::string(kListen) + kApi + R"(
clients: { soar: { token: { env: T } }, siem: { token: { env: S } } }
audit:
  webhooks:
    - name: channel
      url: https://hooks.slack.example/services/T/B/X
      format: slack
      filter: { apis: push, access: write, tags: [irreversible, bulk], decisions: [deny], clients: [soar, siem] }
    - { name: signed, url: "https://a.example", format: slack, secret: { env: A }, events: ["*"] }
    - { name: splunk, url: "https://b.example", format: splunk-hec, indexer_acknowledgement: true }
    - { name: batch, url: "https://c.example", format: cloudevents-batch, secret: { env: C }, handshake: true }
)");
  ASSERT_EQ(config.audit.webhooks.size(), 4U);
  const WebhookConfig& channel = config.audit.webhooks[0];
  EXPECT_EQ(channel.format, WebhookFormat::kSlack);
  EXPECT_EQ(channel.signature, WebhookSignature::kNone);
  EXPECT_THAT(channel.events, ElementsAre("request.denied"));
  EXPECT_THAT(channel.filter.apis, ElementsAre("push"));
  EXPECT_THAT(channel.filter.access, ElementsAre("write"));
  EXPECT_THAT(channel.filter.tags, ElementsAre("irreversible", "bulk"));
  EXPECT_THAT(channel.filter.decisions, ElementsAre("deny"));
  EXPECT_THAT(channel.filter.clients, ElementsAre("soar", "siem"));
  const WebhookConfig& signed_one = config.audit.webhooks[1];
  EXPECT_EQ(signed_one.signature, WebhookSignature::kStandard);
  EXPECT_THAT(signed_one.events, IsEmpty());
  EXPECT_TRUE(signed_one.filter.is_empty());
  const WebhookConfig& splunk = config.audit.webhooks[2];
  EXPECT_EQ(splunk.format, WebhookFormat::kSplunkHec);
  EXPECT_EQ(splunk.signature, WebhookSignature::kNone);
  EXPECT_TRUE(splunk.indexer_acknowledgement);
  EXPECT_THAT(splunk.events, IsEmpty());
  EXPECT_EQ(config.audit.webhooks[3].format, WebhookFormat::kCloudEventsBatch);
  EXPECT_TRUE(config.audit.webhooks[3].handshake);
}

TEST(ConfigReader, ReplacesVariablesInValues) {
  const TestVariable host("SLUICE_TEST_HOST", "api.example");
  const TestVariable number("SLUICE_TEST_NUMBER", "4");
  const Config config =
      read_valid(std::string(kListen) +
                 "workers: ${SLUICE_TEST_NUMBER}\ndrain: { delay: \"${SLUICE_TEST_NUMBER}s\" }\n" +
                 "limits: { header_count: \"${SLUICE_TEST_NUMBER}\" }\n" +
                 "apis:\n  push:\n    catalogue: push\n    upstream: "
                 "https://${SLUICE_TEST_HOST}/${SLUICE_TEST_NUMBER}\n" +
                 "    credential: { value: \"$ {key}\", full: { env: KEY } }\n");
  EXPECT_EQ(config.workers, 4);
  EXPECT_EQ(config.limits.header_count, 4);
  EXPECT_EQ(config.drain.delay, Millis(4'000));
  EXPECT_EQ(config.apis[0].upstream.host, "api.example");
  EXPECT_EQ(config.apis[0].upstream.path, "/4");
  EXPECT_EQ(config.apis[0].credential.value, "$ {key}");
}

TEST(ConfigReader, AReplacedTextIsNeverReadAsYamlOrReplacedAgain) {
  const TestVariable inner("SLUICE_TEST_INNER", "x");
  const TestVariable outer("SLUICE_TEST_OUTER", "{ level: debug } ${SLUICE_TEST_INNER}");
  EXPECT_THAT(read(std::string(kListen) + kApi + "log: ${SLUICE_TEST_OUTER}\n").findings,
              ElementsAre(HasSubstr("log: expected a map, got a text")));
  const Config config =
      read_valid("version: 1\nlisten: [{address: \"127.0.0.1:0\"}]\npolicy: \"${SLUICE_TEST_OUTER}\"\n" +
                 std::string(kApi));
  EXPECT_EQ(config.policy, "/etc/sluice/{ level: debug } ${SLUICE_TEST_INNER}");
}

TEST(ConfigReader, AVariableBringsNoControlCharacters) {
  const TestVariable variable("SLUICE_TEST_BAD", "a\x1b[2J");
  EXPECT_THAT(read(std::string(kListen) + kApi + "log: { level: \"${SLUICE_TEST_BAD}\" }\n").findings,
              ElementsAre(HasSubstr("environment variable SLUICE_TEST_BAD holds control characters")));
}

TEST(ConfigReader, RefusesMalformedVariables) {
  for (const char* text : {"${", "${}", "${1A}", "${A B}", "${A", "x${A-b}", "${A:-b}"}) {
    EXPECT_THAT(read(std::string(kListen) + kApi + "log: { level: \"" + text + "\" }\n").findings,
                ElementsAre(HasSubstr("expected ${NAME}")))
        << text;
  }
}

// A client may have any name, those of the keys that hold secrets too.
TEST(ConfigReader, ReplacesVariablesInAClientThatIsCalledToken) {
  const TestVariable group("SLUICE_TEST_GROUP", "automation");
  const Config config =
      read_valid(std::string(kListen) + kApi +
                 "clients:\n  token: { token: { env: T }, groups: \"${SLUICE_TEST_GROUP}\" }\n");
  EXPECT_THAT(config.clients[0].groups, ElementsAre("automation"));
}

TEST(ConfigReader, NoMessageHoldsALiteralSecret) {
  for (const char* secret :
       {"hunter2", "\"hunter2\"", "[hunter2]", "{ env: hunter2! }", "{ env: a b hunter2 }", "{ hunter2: x }",
        "{ file: \"${A}hunter2\" }", "{ env: [hunter2] }", "{ env: A, file: hunter2 }"}) {
    const std::string text =
        std::string(kListen) +
        "apis:\n  push:\n    catalogue: push\n    upstream: https://api.example\n    credential: { full: " +
        secret + ", read: " + secret + " }\nclients:\n  soar: { token: " + secret +
        " }\n  siem: { token_sha256: " + secret +
        " }\naudit: { webhooks: [ { name: a, url: \"https://a.example\", secret: " + secret +
        ", headers: { X: " + secret + " } } ] }\n";
    const Outcome outcome = read(text);
    EXPECT_GE(outcome.findings.size(), 5U) << secret;
    EXPECT_FALSE(outcome.config);
    for (const std::string& finding : outcome.findings)
      EXPECT_EQ(finding.find("hunter2"), std::string::npos) << finding;
  }
}

TEST(ConfigReader, AUnixSocketIsRelativeToTheFile) {
  const Config config =
      read_valid("version: 1\nlisten: [ { address: \"unix:a.sock\" } ]\npolicy: p\n" + std::string(kApi));
  EXPECT_EQ(config.listen[0].address.unix_path, "/etc/sluice/a.sock");
  const Outcome outcome =
      read("version: 1\nlisten: [ { address: \"unix:a.sock\" } ]\npolicy: p\n" + std::string(kApi),
           "/" + std::string(120, 'd') + "/sluice.yaml");
  EXPECT_THAT(outcome.findings, ElementsAre(HasSubstr("must have 1 to 107 characters")));
}

TEST(ConfigReader, SurvivesEveryPrefixOfAFile) {
  const std::string text = std::string(kListen) + kApi +
                           "clients:\n  soar: { token: { env: T }, groups: [a] }\naudit: { webhooks: [ { "
                           "name: a, url: \"https://a\", secret: { env: S } } ] }\n";
  for (size_t length = 0; length < text.size(); ++length) read(text.substr(0, length));
}

TEST(ConfigReader, AFileThatIsMissingIsOneFinding) {
  const TestFolder folder;
  Findings findings;
  EXPECT_FALSE(read_config_file(folder.path("no.yaml"), findings));
  EXPECT_EQ(findings.all().size(), 1U);
}

}  // namespace
}  // namespace sluice
