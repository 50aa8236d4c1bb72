#include "proxy/admin/latest_denials.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "proxy/admin/outcomes.h"

namespace sluice {
namespace {

AuditRecord record_of(AuditType type, std::string path = "/v1/employees") {
  AuditRecord record;
  record.type = type;
  record.time = std::chrono::system_clock::time_point(Millis(1'700'000'000'123));
  record.request_id = "0190-1";
  record.client = "soar";
  record.source_ip = "10.0.0.1";
  record.api = "push";
  record.operation = "push.employees.merge";
  record.method = "POST";
  record.path = std::move(path);
  record.status = 403;
  record.reason = "policy-denied: at most two";
  record.rules = {"merge-cap"};
  return record;
}

nlohmann::json entry_of(const AuditRecord& record) {
  LatestDenials latest(0);
  latest.add(record);
  return nlohmann::json::parse(latest.after(0).back().json);
}

TEST(LatestDenials, SayWhatTheAuditSays) {
  const nlohmann::json entry = entry_of(record_of(AuditType::kRequestDenied));
  EXPECT_EQ(entry.dump(),
            R"({"api":"push","client":"soar","id":1,"method":"POST","operation":"push.employees.merge",)"
            R"("path":"/v1/employees","reason":"policy-denied: at most two","request_id":"0190-1",)"
            R"("rules":["merge-cap"],"source_ip":"10.0.0.1","status":403,"time":"2023-11-14T22:13:20.123Z",)"
            R"("type":"denied"})");
}

TEST(LatestDenials, SayNullForWhatIsNotKnown) {
  AuditRecord record;
  record.type = AuditType::kRequestRefused;
  const nlohmann::json entry = entry_of(record);
  for (const char* name : {"client", "api", "operation", "method", "path", "status", "reason"})
    EXPECT_TRUE(entry[name].is_null()) << name;
  EXPECT_EQ(entry["rules"], nlohmann::json::array());
}

TEST(LatestDenials, LeaveOutWhatWasLetThrough) {
  LatestDenials latest(0);
  for (size_t type = 0; type < kAuditTypeCount; ++type) latest.add(record_of(static_cast<AuditType>(type)));
  std::vector<std::string> types;
  for (const Denial& denial : latest.after(0)) types.push_back(nlohmann::json::parse(denial.json)["type"]);
  EXPECT_EQ(types, (std::vector<std::string>{"denied", "refused", "failed"}));
}

TEST(LatestDenials, KeepADenialThroughAFloodOfRefusals) {
  LatestDenials latest(0);
  latest.add(record_of(AuditType::kRequestDenied, "/the-denial"));
  for (int i = 0; i < 10'000; ++i) {
    latest.add(record_of(i % 2 == 0 ? AuditType::kRequestRefused : AuditType::kRequestFailed,
                         "/" + std::to_string(i)));
  }
  const std::vector<Denial> all = latest.after(0);
  ASSERT_EQ(all.size(), LatestDenials::kMost + 1);
  EXPECT_EQ(nlohmann::json::parse(all.front().json)["path"], "/the-denial");
  EXPECT_EQ(nlohmann::json::parse(all.back().json)["path"], "/9999");
}

TEST(LatestDenials, BoundEachEntryWhateverIsSent) {
  AuditRecord record = record_of(AuditType::kRequestRefused);
  const std::string long_text(100'000, '\x01');
  record.path = record.method = record.reason = record.client = record.operation = record.api = long_text;
  record.rules.assign(1'000, long_text);
  LatestDenials latest(0);
  latest.add(record);
  const std::string json = latest.after(0).front().json;
  EXPECT_LE(json.size(), 6u * 4 * 1'024) << "six octets for each control character";
  EXPECT_EQ(nlohmann::json::parse(json)["rules"].size(), 16u);
}

TEST(LatestDenials, MarkATextThatIsCut) {
  const std::string path =
      entry_of(record_of(AuditType::kRequestDenied, "/" + std::string(600, 'a')))["path"];
  EXPECT_EQ(path, "/" + std::string(511, 'a') + "\u2026");
  const std::string whole = entry_of(record_of(AuditType::kRequestDenied, std::string(512, 'a')))["path"];
  EXPECT_EQ(whole, std::string(512, 'a'));
}

TEST(LatestDenials, CutBetweenCharacters) {
  EXPECT_EQ(cut_text("ab\u00e9\u00e9", 3), "ab\u2026");
  EXPECT_EQ(cut_text("ab\u00e9\u00e9", 4), "ab\u00e9\u2026");
  EXPECT_EQ(cut_text("a\U0001F600b", 4), "a\u2026");
  EXPECT_EQ(cut_text("a\U0001F600b", 5), "a\U0001F600\u2026");
  EXPECT_EQ(cut_text("\x80\x80\x80\x80\x80\x80\x80\x80", 6), "\x80\x80\x80\x80\x80\x80\u2026");
}

TEST(LatestDenials, AreUtf8WithoutControlsOnOneLine) {
  AuditRecord record = record_of(AuditType::kRequestRefused, "/\xff\xc0\xaf\n\r\x1b[31m<script>");
  LatestDenials latest(0);
  latest.add(record);
  const std::string json = latest.after(0).front().json;
  for (const char c : json) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << json;
  EXPECT_EQ(nlohmann::json::parse(json)["path"], "/\ufffd\ufffd\ufffd\n\r\x1b[31m<script>");
}

TEST(LatestDenials, NumberThemOnOverRestarts) {
  LatestDenials before(1'700'000'000'000);
  for (int i = 0; i < 100; ++i) before.add(record_of(AuditType::kRequestDenied));
  LatestDenials after(1'700'000'000'001);
  after.add(record_of(AuditType::kRequestDenied));
  EXPECT_GT(after.newest(), before.newest());
  EXPECT_LT(after.newest(), uint64_t{1} << 53) << "more than a number of JavaScript holds";
}

TEST(Outcomes, CountEachRequestOnce) {
  Outcomes outcomes(0);
  for (const AuditType type :
       {AuditType::kRequestAttempted, AuditType::kRequestForwarded, AuditType::kRequestForwarded,
        AuditType::kRequestDenied, AuditType::kRequestRefused, AuditType::kRequestFailed,
        AuditType::kGateStarted})
    outcomes.on_record(record_of(type));
  const OutcomeCounts counts = outcomes.counts();
  EXPECT_EQ(counts.allow, 2u);
  EXPECT_EQ(counts.deny, 1u);
  EXPECT_EQ(counts.refuse, 1u);
  EXPECT_EQ(counts.failed, 1u);
}

TEST(Outcomes, CountWhatShadowRulesWouldHaveDone) {
  Outcomes outcomes(0);
  AuditRecord record = record_of(AuditType::kRequestAttempted);
  record.shadow_rules = {"office-hours", "no-deletions"};
  outcomes.on_record(record);
  record.type = AuditType::kRequestForwarded;
  outcomes.on_record(record);
  record.shadow_rules = {"office-hours"};
  outcomes.on_record(record);
  EXPECT_EQ(outcomes.shadow(), (std::map<std::string, uint64_t>{{"no-deletions", 1}, {"office-hours", 2}}));
}

TEST(Outcomes, RememberABoundedNumberOfRules) {
  Outcomes outcomes(0);
  for (int i = 0; i < 10'000; ++i) {
    AuditRecord record = record_of(AuditType::kRequestForwarded);
    record.shadow_rules = {"rule-" + std::to_string(i)};
    outcomes.on_record(record);
  }
  EXPECT_EQ(outcomes.shadow().size(), 1'000u);
}

}  // namespace
}  // namespace sluice
