#include "proxy/gate/gate_changes.h"

#include <gmock/gmock.h>

#include "audit_fixture.h"
#include "proxy/audit/event.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Facts = std::map<std::string, std::string>;

GateFacts some_facts() {
  return {"1.2.3",
          "c1",
          "p1",
          "version: 1\nrules: []\n",
          {{"vendor-key", "push", "full", "aaaaaaaaaaaa"},
           {"client-token", "soar", "", "b,c"},
           {"capture-salt", "", "", "d"}},
          {{"listener 0.0.0.0:443", "e"}}};
}

Facts kept(const GateFacts& facts) {
  Facts all;
  for (auto& [name, value] : to_facts(facts)) all.emplace(name, value);
  return all;
}

Json reloaded(const GateFacts& before, const GateFacts& now) {
  const std::vector<AuditRecord> records = changes_since(before, now, Serving{});
  if (records.size() != 1 || records[0].type != AuditType::kPolicyReloaded) return nullptr;
  return parse(make_event(records[0], {"id", "/s", 1, "p"}))["data"];
}

// "kind name/part change old>new"
std::vector<std::string> changes(const GateFacts& before, const GateFacts& now) {
  std::vector<std::string> lines;
  for (const AuditRecord& record : changes_since(before, now, Serving{})) {
    const auto data = parse(make_event(record, {"id", "/s", 1, "p"}))["data"];
    EXPECT_EQ(record.type, AuditType::kCredentialChanged);
    lines.push_back(data["credential"].get<std::string>() + " " + data.value("webhook", "") + record.api +
                    record.client + "/" + data.value("header", "") + record.key + " " +
                    data["change"].get<std::string>() + " " + data["old_fingerprint"].dump() + ">" +
                    data["new_fingerprint"].dump());
  }
  return lines;
}

TEST(GateFacts, AreKeptAndReadAsTheyWere) {
  const auto read = read_gate_facts(kept(some_facts()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, "1.2.3");
  EXPECT_EQ(read->policy_sha256, "p1");
  EXPECT_EQ(read->policy_text, some_facts().policy_text);
  EXPECT_THAT(changes(*read, some_facts()), IsEmpty());
  EXPECT_EQ(read->credentials.size(), 3U);
}

TEST(GateFacts, ThatAreDamagedAreNoFacts) {
  const Facts whole = kept(some_facts());
  const std::string gate = whole.at("gate");
  for (size_t size = 0; size < gate.size(); ++size)
    EXPECT_FALSE(read_gate_facts({{"gate", gate.substr(0, size)}, {"policy", whole.at("policy")}})) << size;
  EXPECT_FALSE(read_gate_facts({{"policy", whole.at("policy")}}));
  Facts other = whole;
  other["policy"] += " ";
  EXPECT_EQ(read_gate_facts(other)->policy_text, "");
  other.erase("policy");
  EXPECT_EQ(read_gate_facts(other)->policy_text, "");
}

TEST(GateFacts, TellEachPlaceOfASecretThatChanged) {
  GateFacts now = some_facts();
  now.credentials = {{"client-token", "soar", "", "c"},
                     {"vendor-key", "push", "full", "aaaaaaaaaaaa"},
                     {"vendor-key", "push", "read", "e"},
                     {"webhook-header", "siem", "Authorization", "f"}};
  EXPECT_THAT(changes(some_facts(), now),
              ElementsAre("capture-salt / removed \"d\">null", "client-token soar/ changed \"b,c\">\"c\"",
                          "vendor-key push/read added null>\"e\"",
                          "webhook-header siem/Authorization added null>\"f\""));
}

TEST(GateFacts, TellOnceThatConfigurationOrCertificatesChanged) {
  GateFacts now = some_facts();
  now.config_sha256 = "c2";
  now.certificates = {{"listener 0.0.0.0:443", "f"}, {"api push", "g"}};
  const Json data = reloaded(some_facts(), now);
  EXPECT_EQ(data["changed"].dump(), R"(["configuration","certificates"])");
  EXPECT_EQ(data["old_config_sha256"], "c1");
  EXPECT_EQ(data["config_sha256"], "c2");
  EXPECT_EQ(data["certificates"].dump(),
            R"([{"place":"listener 0.0.0.0:443","old_sha256":"e","new_sha256":"f"},)"
            R"({"place":"api push","old_sha256":null,"new_sha256":"g"}])");
  now = some_facts();
  now.certificates.clear();
  EXPECT_EQ(reloaded(some_facts(), now)["certificates"].dump(),
            R"([{"place":"listener 0.0.0.0:443","old_sha256":"e","new_sha256":null}])");
}

TEST(GateFacts, OfAFormerVersionAreNotComparedWhereTheyKnowNothing) {
  GateFacts before = some_facts();
  before.config_sha256.clear();
  before.certificates.clear();
  EXPECT_THAT(changes(before, some_facts()), IsEmpty());
}

TEST(GateFacts, OfAStartAreKeptWithItsEvents) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  for (int start = 0; start < 3; ++start) {
    size_t known = 0;
    StartReport report{{"a", "b", "none"}, [&known, start](const SpoolKnowledge& spool) {
                         known = spool.facts.size();
                         std::vector<AuditRecord> records{started_record(spool), started_record(spool)};
                         records[0].facts = {{"a", std::to_string(start)}};
                         records[1].facts = {{"b", std::string("\0\xFF", 2)}};
                         return records;
                       }};
    auto log = open_audit_log(config, {}, {}, report);
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ(known, start == 0 ? 0U : 2U);
    (*log)->stop(Millis(0));
  }
  EXPECT_EQ(read_spool(config.spool).size(), 3 * 4U);  // two reports, a stop and a checkpoint each
}

// As a reload will.
TEST(GateFacts, OfARecordWhileRunningAreKeptWithIt) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  auto log = open_or_fail(config);
  auto record = new_record(AuditType::kPolicyReloaded, "");
  record->facts = {{"gate", "one"}};
  log->submit(std::move(record));
  log->stop(Millis(0));
  log.reset();
  std::string known;
  const StartReport report{{"gate"}, [&known](const SpoolKnowledge& spool) {
                             known = spool.facts.at("gate");
                             return std::vector<AuditRecord>{started_record(spool)};
                           }};
  ASSERT_TRUE(open_audit_log(config, {}, {}, report));
  EXPECT_EQ(known, "one");
  for (const StoredEvent& event : read_spool(config.spool))
    EXPECT_EQ(event.body.find("one"), std::string::npos);
}

TEST(Fingerprint, IsTheBeginningOfTheSha256OfASecret) {
  EXPECT_EQ(fingerprint(Secret("abc")), "ba7816bf8f01");
  EXPECT_EQ(fingerprint(sha256("abc")), "ba7816bf8f01");
}

}  // namespace
}  // namespace sluice
