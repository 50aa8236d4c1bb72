#include "proxy/audit/event.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

const std::string kPrevious(64, 'a');
const EventStamp kStamp{"0190163d-8694-739b-aea5-966c26f8ad91", "/sluice/gate-1", 1042, kPrevious};

AuditRecord full_record() {
  AuditRecord record;
  record.type = AuditType::kRequestForwarded;
  record.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'007));
  record.request_id = "r1";
  record.client = "soar";
  record.source_ip = "10.2.3.4";
  record.api = "push";
  record.operation = "push.employees.merge";
  record.access = "write";
  record.tags = {"irreversible"};
  record.method = "POST";
  record.path = "/v1/employees/e1/merge";
  record.params = {{"id", "e1"}};
  record.targets = {"a", "b"};
  record.decision = "allow";
  record.rules = {"soar-manages-membership"};
  record.policy_sha256 = "p";
  record.body_sha256 = std::array<uint8_t, 32>{0xAB};
  record.body_bytes = 64;
  record.key = "full";
  record.queued_ms = 120;
  record.upstream_status = 200;
  record.upstream_ms = 85;
  record.attempts = 1;
  record.bytes_out = 512;
  return record;
}

TEST(AuditEvent, HasExactlyTheFieldsOfTheContractInOrder) {
  EXPECT_EQ(
      make_event(full_record(), kStamp),
      R"({"specversion":"1.0","id":"0190163d-8694-739b-aea5-966c26f8ad91","source":"/sluice/gate-1",)"
      R"("type":"io.sluice.request.forwarded","subject":"push.employees.merge","time":"2023-11-14T22:13:20.007Z",)"
      R"("datacontenttype":"application/json","data":{"sequence":1042,"previous":")" +
          kPrevious +
          R"(","request_id":"r1","client":"soar","source_ip":"10.2.3.4","api":"push",)"
          R"("operation":"push.employees.merge","access":"write","tags":["irreversible"],"method":"POST",)"
          R"("path":"/v1/employees/e1/merge","params":{"id":"e1"},"targets":["a","b"],"decision":"allow",)"
          R"("rules":["soar-manages-membership"],"shadow_rules":[],"reason":null,"policy_sha256":"p",)"
          R"("body_sha256":"ab)" +
          std::string(62, '0') +
          R"(","body_bytes":64,"key":"full","queued_ms":120,"upstream_status":200,"upstream_ms":85,)"
          R"("attempts":1,"bytes_out":512,"status":null}})");
}

TEST(AuditEvent, NamesTheTraceOfARequestThatIsPartOfOne) {
  AuditRecord record = full_record();
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  const auto json = nlohmann::json::parse(make_event(record, kStamp));
  EXPECT_EQ(json["data"]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
  record.clear();
  EXPECT_EQ(record.trace_id, "");
}

TEST(AuditEvent, SaysNullForWhatIsAbsentAndHasNoEmptySubject) {
  AuditRecord record;
  record.status = 401;
  const auto event = nlohmann::json::parse(make_event(record, kStamp));
  EXPECT_FALSE(event.contains("subject"));
  EXPECT_EQ(event["type"], "io.sluice.request.refused");
  for (const char* name : {"request_id", "client", "source_ip", "api", "operation", "access", "method",
                           "path", "decision", "reason", "policy_sha256", "body_sha256", "body_bytes", "key",
                           "queued_ms", "upstream_status", "upstream_ms", "bytes_out"})
    EXPECT_TRUE(event["data"].at(name).is_null()) << name;
  EXPECT_EQ(event["data"]["status"], 401);
  EXPECT_FALSE(event["data"].contains("lost"));
}

TEST(AuditEvent, KeepsHostileTextInsideItsString) {
  AuditRecord record = full_record();
  record.path = std::string("/v1/\xC3\x28\"}\\\n\0x", 12);
  record.params = {{"id\xFF", "\xED\xA0\x80"}};
  const auto event = nlohmann::json::parse(make_event(record, kStamp));
  EXPECT_EQ(event["data"]["path"], std::string("/v1/\xEF\xBF\xBD(\"}\\\n\0x", 14));
  EXPECT_EQ(event["data"]["params"].size(), 1U);
  EXPECT_EQ(event["data"]["operation"], "push.employees.merge");
}

TEST(AuditEvent, TellsNothingOfTheRequestBeforeOnceItsRecordIsCleared) {
  AuditRecord record = full_record();
  record.lost = 3;
  record.status = 403;
  record.reason = "why";
  record.shadow_rules = {"office-hours"};
  record.details = {{"webhook", "siem"}};
  record.clear();
  EXPECT_EQ(make_event(record, kStamp), make_event(AuditRecord{}, kStamp));
  EXPECT_EQ(record.type, AuditRecord{}.type);
}

TEST(AuditEvent, NamesUnknownFieldsWhereThereAreSome) {
  AuditRecord record = full_record();
  record.unknown_fields = {"/newField", "/a\"b\n</script>"};
  const auto event = nlohmann::json::parse(make_event(record, kStamp));
  EXPECT_EQ(event["data"]["unknown_fields"], nlohmann::json(record.unknown_fields));
  record.clear();
  EXPECT_EQ(make_event(record, kStamp).find("unknown_fields"), std::string::npos);
}

TEST(AuditEvent, CarriesTheFieldsThatWereCaptured) {
  AuditRecord record = full_record();
  record.fields = {{"/a\"b", R"("x\n")"}, {"/n", "1E3"}, {"/z", "null"}};
  record.fields_cut = {"/a\"b"};
  record.fields_left_out = 7;
  const std::string text = make_event(record, kStamp);
  const auto data = nlohmann::json::parse(text)["data"];
  EXPECT_NE(
      text.find(R"("fields":{"/a\"b":"x\n","/n":1E3,"/z":null},"fields_cut":["/a\"b"],"fields_left_out":7)"),
      std::string::npos)
      << text;
  record.clear();
  EXPECT_EQ(make_event(record, kStamp).find("fields"), std::string::npos);
}

TEST(AuditEvent, AddsDetailsOfOtherKindsAndNoFacts) {
  AuditRecord record;
  record.json_details = {{"widened", "3"}, {"changes", R"(["a"])"}, {"old", "null"}};
  record.facts = {{"gate", "known"}};
  const std::string text = make_event(record, kStamp);
  const auto data = nlohmann::json::parse(text)["data"];
  EXPECT_EQ(data["widened"], 3);
  EXPECT_EQ(data["changes"], nlohmann::json({"a"}));
  EXPECT_TRUE(data.at("old").is_null());
  EXPECT_EQ(text.find("known"), std::string::npos);
  record.clear();
  EXPECT_TRUE(record.json_details.empty() && record.facts.empty());
}

TEST(AuditEvent, AddsDetailsAndTheNumberLost) {
  AuditRecord record;
  record.type = AuditType::kAuditGap;
  record.lost = 17;
  record.details = {{"webhook", "siem"}};
  const std::string event = make_event(record, kStamp);
  const auto gap = read_gap(event);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->lost, 17U);
  EXPECT_EQ(gap->webhook, "siem");
  EXPECT_FALSE(read_gap(make_event(full_record(), kStamp)));
}

TEST(AuditEvent, ClosesAnAttemptWithItsOwnFields) {
  AuditRecord attempted = full_record();
  attempted.type = AuditType::kRequestAttempted;
  const std::string later(64, 'b');
  const auto text = make_unknown_outcome(
      make_event(attempted, kStamp), {"id2", "/sluice/gate-2", 2000, later},
      std::chrono::system_clock::time_point(std::chrono::milliseconds(1'800'000'000'000)));
  ASSERT_TRUE(text);
  const auto event = nlohmann::json::parse(*text);
  EXPECT_EQ(event["type"], "io.sluice.request.failed");
  EXPECT_EQ(event["id"], "id2");
  EXPECT_EQ(event["time"], "2027-01-15T08:00:00.000Z");
  EXPECT_EQ(event["subject"], "push.employees.merge");
  EXPECT_EQ(event["data"]["request_id"], "r1");
  EXPECT_EQ(event["data"]["client"], "soar");
  EXPECT_EQ(event["data"]["reason"], "outcome unknown");
  EXPECT_EQ(event["data"]["sequence"], 2000);
  EXPECT_EQ(event["data"]["previous"], later);
  EXPECT_FALSE(make_unknown_outcome("[1]", kStamp, {}));
  EXPECT_FALSE(make_unknown_outcome("{", kStamp, {}));
}

TEST(AuditEvent, FormatsTimesBeforeTheEpochToo) {
  using std::chrono::milliseconds;
  using TimePoint = std::chrono::system_clock::time_point;
  EXPECT_EQ(format_time(TimePoint(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_time(TimePoint(milliseconds(951'782'400'000))), "2000-02-29T00:00:00.000Z");
}

TEST(AuditEvent, NamesEveryTypeOnce) {
  for (size_t i = 0; i < kAuditTypeCount; ++i) {
    const auto type = static_cast<AuditType>(i);
    EXPECT_EQ(parse_audit_type(to_text(type)), type);
  }
  EXPECT_EQ(to_text(AuditType::kAuditGap), "audit.gap");
  EXPECT_EQ(parse_audit_type("request"), std::nullopt);
}

}  // namespace
}  // namespace sluice
