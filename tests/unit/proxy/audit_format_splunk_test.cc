#include <gtest/gtest.h>

#include "proxy/audit/formats/splunk_ack.h"
#include "tests/unit/proxy/audit_format_fixture.h"

namespace sluice {
namespace {

Verdict judged(int status, const std::string& body) {
  return make_event_format(WebhookFormat::kSplunkHec)->judge(answered(status, body));
}
Verdict judged(int status, int code) {
  return judged(status, R"({"text":"x","code":)" + std::to_string(code) + "}");
}
std::string explained(int status, int code) {
  return make_event_format(WebhookFormat::kSplunkHec)
      ->explain(answered(status, R"({"text":"x","code":)" + std::to_string(code) + "}"));
}

TEST(SplunkFormat, WritesObjectsOneBehindTheOther) {
  const auto format = make_event_format(WebhookFormat::kSplunkHec);
  EXPECT_EQ(format->content_type(), "application/json");
  EXPECT_EQ(format->most_events(), 100U);
  const StoredEvent denied = merge_event(AuditType::kRequestDenied);
  const StoredEvent started = bare_event(AuditType::kGateStarted);
  EXPECT_EQ(
      written(WebhookFormat::kSplunkHec, {denied, started}),
      R"({"time":1700000000.007,"host":"gate-1","source":"sluice","sourcetype":"sluice:audit",)"
      R"("fields":{"type":"request.denied","client":"soar","api":"push","operation":"push.employees.merge",)"
      R"("access":"write","decision":"deny"},"event":)" +
          denied.body +
          R"(}{"time":1700000000.007,"host":"gate-1","source":"sluice","sourcetype":"sluice:audit",)"
          R"("fields":{"type":"gate.started"},"event":)" +
          started.body + "}");
}

TEST(SplunkFormat, KeepsEachMillisecondOfTheTime) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  for (int64_t ms = 4'102'444'799'000; ms < 4'102'444'800'000; ++ms) {  // the last second of 2099
    record.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(ms));
    const std::string expected = std::to_string(ms);
    std::string seconds = expected.substr(0, 10) + "." + expected.substr(10);
    while (seconds.back() == '0' && seconds[seconds.size() - 2] != '.') seconds.pop_back();
    const std::string text = written(WebhookFormat::kSplunkHec, {store(record)});
    ASSERT_EQ(text.substr(0, text.find(',')), "{\"time\":" + seconds);
  }
}

TEST(SplunkFormat, WritesWhatItCannotReadAsAText) {
  StoredEvent event = merge_event(AuditType::kRequestDenied);
  event.body = "\"}{";
  EXPECT_EQ(written_json(WebhookFormat::kSplunkHec, {event})["event"], "\"}{");
}

TEST(SplunkFormat, TriesAgainWhatAnotherSettingWouldLetPass) {
  EXPECT_EQ(judged(200, 0), Verdict::kTaken);
  EXPECT_EQ(judged(403, 1), Verdict::kLater);
  EXPECT_EQ(judged(401, 2), Verdict::kLater);
  EXPECT_EQ(judged(401, 3), Verdict::kLater);
  EXPECT_EQ(judged(403, 4), Verdict::kLater);
  EXPECT_EQ(judged(400, 7), Verdict::kLater);
  EXPECT_EQ(judged(500, 8), Verdict::kLater);
  EXPECT_EQ(judged(503, 9), Verdict::kLater);
  EXPECT_EQ(judged(400, 10), Verdict::kLater);
  EXPECT_EQ(judged(400, 11), Verdict::kLater);
  EXPECT_EQ(judged(400, 14), Verdict::kLater);
}

TEST(SplunkFormat, SetsAsideWhatSplunkWillNeverTake) {
  for (const int code : {5, 6, 12, 13, 15}) EXPECT_EQ(judged(400, code), Verdict::kRefused) << code;
}

TEST(SplunkFormat, SetsNothingAsideForACodeBesideAnOutage) {
  for (const int code : {5, 6, 12, 13, 15}) EXPECT_EQ(judged(503, code), Verdict::kLater) << code;
}

TEST(SplunkFormat, JudgesByTheStatusWhatHasNoCodeThatItKnows) {
  EXPECT_EQ(judged(200, "ok"), Verdict::kTaken);
  EXPECT_EQ(judged(200, 17), Verdict::kTaken);
  EXPECT_EQ(judged(413, ""), Verdict::kRefused);
  EXPECT_EQ(judged(503, 23), Verdict::kLater);
  EXPECT_EQ(judged(429, 26), Verdict::kLater);
  EXPECT_EQ(judged(400, R"({"code":"7"})"), Verdict::kRefused);
  EXPECT_EQ(judged(502, 0), Verdict::kLater);
  EXPECT_EQ(judged(410, 6), Verdict::kGone);
  EXPECT_EQ(make_event_format(WebhookFormat::kSplunkHec)->judge(unanswered()), Verdict::kLater);
}

TEST(SplunkFormat, SaysWhichSettingIsWrong) {
  EXPECT_EQ(explained(403, 4), "Splunk does not know the token");
  EXPECT_EQ(explained(400, 10), "the token wants acknowledgement: set indexer_acknowledgement");
  EXPECT_EQ(explained(200, 0), "");
  EXPECT_EQ(explained(400, 99), "");
}

TEST(SplunkAcknowledgement, ReadsTheIdOfADelivery) {
  EXPECT_EQ(read_ack_id(R"({"text":"Success","code":0,"ackId":7})"), 7U);
  EXPECT_EQ(read_ack_id(R"({"text":"Success","code":0,"ackId":0})"), 0U);
  for (const char* reply : {R"({"text":"Success","code":0})", R"({"ackId":"7"})", R"({"ackId":-1})",
                            R"({"ackId":1.5})", "[]", "", "{"})
    EXPECT_EQ(read_ack_id(reply), std::nullopt) << reply;
}

TEST(SplunkAcknowledgement, AsksForTheIds) {
  EXPECT_EQ(write_ack_poll(std::vector<uint64_t>{7}), R"({"acks":[7]})");
  EXPECT_EQ(write_ack_poll(std::vector<uint64_t>{0, 18446744073709551615U}),
            R"({"acks":[0,18446744073709551615]})");
}

TEST(SplunkAcknowledgement, ReadsWhetherADeliveryIsIndexed) {
  const std::string reply = R"({"acks":{"7":true,"8":false,"9":1}})";
  EXPECT_EQ(read_ack_answer(reply, 7), true);
  EXPECT_EQ(read_ack_answer(reply, 8), false);
  EXPECT_EQ(read_ack_answer(reply, 9), std::nullopt);
  EXPECT_EQ(read_ack_answer(reply, 10), std::nullopt);
  for (const char* other : {R"({"acks":[7]})", R"({"text":"x","code":14})", "", "true"})
    EXPECT_EQ(read_ack_answer(other, 7), std::nullopt) << other;
}

TEST(SplunkAcknowledgement, AsksBesideTheCollector) {
  EXPECT_EQ(ack_target("/services/collector"), "/services/collector/ack");
  EXPECT_EQ(ack_target("/services/collector/event"), "/services/collector/ack");
  EXPECT_EQ(ack_target("/services/collector/event/1.0?index=a"), "/services/collector/ack?index=a");
  EXPECT_EQ(ack_target("/proxy/services/collector/event"), "/proxy/services/collector/ack");
  EXPECT_EQ(ack_target("/hec/event?a=/b"), "/hec/ack?a=/b");
  EXPECT_EQ(ack_target("/"), "/ack");
}

}  // namespace
}  // namespace sluice
