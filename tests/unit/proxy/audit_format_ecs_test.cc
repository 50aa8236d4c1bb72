#include <gtest/gtest.h>

#include <map>
#include <set>

#include "proxy/version.h"
#include "tests/unit/proxy/audit_format_fixture.h"

namespace sluice {
namespace {

Json ecs(const StoredEvent& event) { return written_json(WebhookFormat::kEcs, {event}); }

// elastic/ecs 9.4, "event.category": the types that each expects.
const std::map<std::string, std::set<std::string>> kExpectedTypes = {
    {"api",
     {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start",
      "user"}},
    {"authentication", {"start", "end", "info"}},
    {"configuration", {"access", "change", "creation", "deletion", "info"}},
    {"process", {"access", "change", "end", "info", "start"}},
};

TEST(EcsFormat, WritesADenialInFull) {
  const StoredEvent event = merge_event(AuditType::kRequestDenied);
  const Json data = Json::parse(event.body)["data"];
  EXPECT_EQ(
      written(WebhookFormat::kEcs, {event}),
      R"({"@timestamp":"2023-11-14T22:13:20.007Z","ecs":{"version":"9.4.0"},)"
      R"("message":"request.denied, soar, push.employees.merge, At most two employees may be merged at once.",)"
      R"("event":{"kind":"event","category":["api"],"type":["change","denied"],"outcome":"failure",)"
      R"("action":"push.employees.merge","code":"request.denied","id":"0190163d-8694-739b-aea5-966c26f8ad91",)"
      R"("sequence":1042,"hash":")" +
          event_hash(event.body) +
          R"(","module":"sluice","dataset":"sluice.audit","provider":"sluice",)"
          R"("reason":"At most two employees may be merged at once."},)"
          R"("http":{"request":{"method":"POST","id":"0190163d-0000-7000-8000-000000000001",)"
          R"("body":{"bytes":64}},"response":{"status_code":403}},"url":{"path":"/v1/employees/e1/merge"},)"
          R"("user":{"name":"soar"},"source":{"address":"10.2.3.4","ip":"10.2.3.4"},)"
          R"("client":{"address":"10.2.3.4","ip":"10.2.3.4"},)"
          R"("related":{"user":["soar"],"ip":["10.2.3.4"],"hash":["ab)" +
          std::string(62, '0') + R"("]},"service":{"name":"sluice","type":"sluice","version":")" + kVersion +
          R"(","node":{"name":"gate-1"},"target":{"name":"push"}},)"
          R"("observer":{"vendor":"sluice","product":"sluice","type":"proxy","version":")" +
          kVersion +
          R"(","name":"gate-1"},"labels":{"api":"push","operation":"push.employees.merge","access":"write",)"
          R"("decision":"deny"},"tags":["irreversible","bulk"],"rule":{"name":"merge-cap"},"sluice":)" +
          data.dump() + "}");
}

TEST(EcsFormat, NamesTheTraceThatARequestIsPartOf) {
  AuditRecord record = merge_record(AuditType::kRequestForwarded);
  EXPECT_FALSE(ecs(store(record)).contains("trace"));
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  const Json written = ecs(store(record));
  EXPECT_EQ(written["trace"]["id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(written["sluice"]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

TEST(EcsFormat, CategorizesEachTypeAsTheSchemaExpects) {
  for (size_t i = 0; i < kAuditTypeCount; ++i) {
    const auto type = static_cast<AuditType>(i);
    for (const StoredEvent& event : {merge_event(type), bare_event(type)}) {
      const Json fields = ecs(event)["event"];
      ASSERT_EQ(fields["category"].size(), 1U);
      const auto expected = kExpectedTypes.find(fields["category"][0].get<std::string>());
      ASSERT_NE(expected, kExpectedTypes.end()) << fields["category"];
      ASSERT_FALSE(fields["type"].empty());
      for (const Json& one : fields["type"])
        EXPECT_TRUE(expected->second.contains(one.get<std::string>())) << to_text(type) << " " << one;
      EXPECT_EQ(fields["code"], to_text(type));
      EXPECT_EQ(fields["kind"], "event");
    }
  }
}

TEST(EcsFormat, SaysHowEachEventEnded) {
  const std::map<AuditType, std::string> outcomes = {
      {AuditType::kRequestAttempted, "unknown"},  {AuditType::kRequestForwarded, "success"},
      {AuditType::kRequestDenied, "failure"},     {AuditType::kRequestRefused, "failure"},
      {AuditType::kRequestFailed, "failure"},     {AuditType::kPolicyReloaded, "success"},
      {AuditType::kPolicyRejected, "failure"},    {AuditType::kCredentialChanged, "success"},
      {AuditType::kCredentialRefused, "failure"}, {AuditType::kGateStarted, "success"},
      {AuditType::kGateStopped, "success"},       {AuditType::kAuditGap, "failure"},
      {AuditType::kLimitExceeded, "failure"},     {AuditType::kAuditCheckpoint, "success"},
      {AuditType::kWebhookSuspended, "failure"},  {AuditType::kWebhookResumed, "success"}};
  ASSERT_EQ(outcomes.size(), kAuditTypeCount);
  for (const auto& [type, outcome] : outcomes)
    EXPECT_EQ(ecs(merge_event(type))["event"]["outcome"], outcome) << to_text(type);
  AuditRecord record = merge_record(AuditType::kRequestForwarded);
  record.upstream_status = 500;
  EXPECT_EQ(ecs(store(record))["event"]["outcome"], "failure");
}

TEST(EcsFormat, CountsTimeInNanosecondsAndSizesInOctets) {
  const Json json = ecs(merge_event(AuditType::kRequestForwarded));
  EXPECT_EQ(json["event"]["duration"], 205'000'000);
  EXPECT_EQ(json["http"]["response"].dump(), R"({"status_code":200,"body":{"bytes":512}})");
  EXPECT_EQ(json["event"]["type"].dump(), R"(["change","allowed","end"])");
  EXPECT_EQ(json["labels"]["key"], "full");
}

TEST(EcsFormat, LeavesOutWhatAnEventDoesNotSay) {
  AuditRecord record;
  record.type = AuditType::kAuditGap;
  record.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(kEventTimeMs));
  record.lost = 7;
  record.details = {{"webhook", "siem"}};
  const Json json = ecs(store(record));
  for (const char* name : {"http", "url", "user", "source", "client", "related", "labels", "tags", "rule"})
    EXPECT_FALSE(json.contains(name)) << name;
  EXPECT_EQ(json["event"]["action"], "audit.gap");
  EXPECT_EQ(json["sluice"]["lost"], 7);
  EXPECT_EQ(json["sluice"]["webhook"], "siem");
  EXPECT_EQ(json["message"], "audit.gap");
}

TEST(EcsFormat, GivesAFieldForAddressesNothingElse) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  record.source_ip = "unix:/run/sluice.sock";
  const Json json = ecs(store(record));
  EXPECT_FALSE(json.contains("source"));
  EXPECT_EQ(json["related"].dump(), R"({"user":["soar"],"hash":["ab)" + std::string(62, '0') + R"("]})");
  EXPECT_EQ(json["sluice"]["source_ip"], "unix:/run/sluice.sock");
}

TEST(EcsFormat, KeepsHostileTextsAsTheyAre) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  record.path = kHostile;
  const StoredEvent event = store(record);
  EXPECT_EQ(ecs(event)["url"]["path"], Json::parse(event.body)["data"]["path"]);
  EXPECT_EQ(ecs(event)["event"]["hash"], event_hash(event.body));
}

}  // namespace
}  // namespace sluice
