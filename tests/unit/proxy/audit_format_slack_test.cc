#include <gtest/gtest.h>

#include "config/text_check.h"
#include "proxy/audit/formats/slack_text.h"
#include "tests/unit/proxy/audit_format_fixture.h"

namespace sluice {
namespace {

Json slack(const std::vector<StoredEvent>& events) { return written_json(WebhookFormat::kSlack, events); }

std::vector<std::string> lines_of(const Json& message) {
  std::vector<std::string> lines;
  for (const Json& block : message["blocks"]) lines.push_back(block["text"]["text"].get<std::string>());
  return lines;
}

StoredEvent denied(const std::string& client, const std::string& operation, const std::string& reason,
                   int64_t after_ms = 0) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  record.client = client;
  record.operation = operation;
  record.reason = reason;
  record.time += std::chrono::milliseconds(after_ms);
  return store(record);
}

constexpr const char* kLine =
    "`push.employees.merge` on `push` by `soar` was denied: `At most two employees may be merged at once.`, "
    "rule `merge-cap`, request `0190163d-0000-7000-8000-000000000001`, 2023-11-14T22:13:20.007Z";

TEST(SlackFormat, IsOneMessageEachHalfMinute) {
  const auto format = make_event_format(WebhookFormat::kSlack);
  EXPECT_EQ(format->content_type(), "application/json");
  EXPECT_EQ(format->most_events(), 1000U);
  EXPECT_EQ(format->pause(), Millis(30'000));
}

TEST(SlackFormat, TellsADenialInALine) {
  const std::string line = Json(kLine).dump();
  EXPECT_EQ(written(WebhookFormat::kSlack, {merge_event(AuditType::kRequestDenied)}),
            R"({"text":)" + line + R"(,"unfurl_links":false,"unfurl_media":false,"blocks":[)" +
                R"({"type":"section","text":{"type":"mrkdwn","text":)" + line + R"(,"verbatim":true}}]})");
}

TEST(SlackFormat, TellsUpToThreeEventsOneByOne) {
  const StoredEvent event = merge_event(AuditType::kRequestDenied);
  EXPECT_EQ(lines_of(slack({event, event, event})), (std::vector<std::string>{kLine, kLine, kLine}));
  EXPECT_EQ(lines_of(slack({event, event, event, event})).front(), "4 requests were denied at once");
}

TEST(SlackFormat, TellsWhatIsKnownOfEachKindOfRequest) {
  AuditRecord refused;
  refused.type = AuditType::kRequestRefused;
  refused.time = merge_record(AuditType::kRequestRefused).time;
  refused.method = "GET";
  refused.path = "/nothing";
  refused.request_id = "r1";
  refused.reason = "unauthorized: no token";
  EXPECT_EQ(lines_of(slack({store(refused)})).front(),
            "`GET /nothing` by an unknown client was refused: `unauthorized: no token`, request `r1`, "
            "2023-11-14T22:13:20.007Z");
  EXPECT_EQ(lines_of(slack({bare_event(AuditType::kRequestFailed)})).front(),
            "`-` by an unknown client failed, request `-`, 2023-11-14T22:13:20.007Z");
}

TEST(SlackFormat, CountsMoreEventsByClientOperationAndReason) {
  std::vector<StoredEvent> events;
  for (int i = 0; i < 57; ++i)
    events.push_back(denied(i % 3 == 0 ? "siem" : "soar", "push.apps.update", i == 7 ? "b" : "a", i * 2'100));
  EXPECT_EQ(lines_of(slack(events)),
            (std::vector<std::string>{"57 requests were denied in 118 s",
                                      "37 × `push.apps.update` on `push` by `soar` was denied: `a`",
                                      "19 × `push.apps.update` on `push` by `siem` was denied: `a`",
                                      "1 × `push.apps.update` on `push` by `soar` was denied: `b`"}));
  events.push_back(denied("soar", "push.apps.update", "a", 121'000));
  EXPECT_EQ(slack(events)["text"], "58 requests were denied in 2 min");
  events.push_back(denied("soar", "push.apps.update", "a", 7'300'000));
  EXPECT_EQ(slack(events)["text"], "59 requests were denied in 2 h");
  events.push_back(merge_event(AuditType::kRequestFailed));
  EXPECT_EQ(slack(events)["text"], "60 requests at once: 59 denied, 1 failed");
}

TEST(SlackFormat, ShowsTheTenLargestGroupsAndCountsTheOthers) {
  std::vector<StoredEvent> events;
  for (int group = 0; group < 14; ++group)
    for (int i = 0; i <= group; ++i) events.push_back(denied("c" + std::to_string(group), "o", "r"));
  const std::vector<std::string> lines = lines_of(slack(events));
  ASSERT_EQ(lines.size(), 12U);
  EXPECT_EQ(lines[1], "14 × `o` on `push` by `c13` was denied: `r`");
  EXPECT_EQ(lines[10], "5 × `o` on `push` by `c4` was denied: `r`");
  EXPECT_EQ(lines[11], "and 4 others with 10 requests");
  events.resize(66);  // without the second half of the last groups
  events.erase(events.begin(), events.begin() + 6);
  EXPECT_EQ(lines_of(slack(events)).size(), 9U);
}

TEST(SlackFormat, LetsNoTextOfACallerMeanAnything) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  record.operation.clear();
  record.path = kHostile;
  record.reason = "<!here> <https://evil.example|click> `x` @channel #general :bomb:";
  const std::string line = lines_of(slack({store(record)})).front();
  EXPECT_EQ(
      line,
      "`POST a\"b\\c &lt;!channel&gt; &amp; '*x*'   http://x.example \xEF\xBF\xBD` on `push` by `soar` was "
      "denied: `&lt;!here&gt; &lt;https://evil.example|click&gt; 'x' @channel #general :bomb:`, rule "
      "`merge-cap`, request `0190163d-0000-7000-8000-000000000001`, 2023-11-14T22:13:20.007Z");
  EXPECT_FALSE(find_unreadable(line));
}

TEST(SlackFormat, StaysBelowTheSizesThatSlackTakes) {
  std::vector<StoredEvent> events;
  for (int i = 0; i < 100; ++i) {
    AuditRecord record = merge_record(AuditType::kRequestDenied);
    record.client = record.api = record.rules[0] = record.request_id = std::string(2'000, '<');
    record.operation = std::string(2'000, '&') + std::to_string(i);
    record.reason = std::to_string(i) + std::string(2'000, '>');
    events.push_back(store(record));
  }
  for (const size_t count : {size_t{1}, size_t{3}, size_t{100}}) {
    const Json message = slack({events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count)});
    EXPECT_LE(message.dump().size(), 13'000U) << count;
    EXPECT_LE(message["blocks"].size(), 50U);
    for (const std::string& line : lines_of(message)) EXPECT_LE(line.size(), 3'000U);
  }
}

TEST(SlackFormat, SaysWhatSlackAnsweredToAnError) {
  const auto format = make_event_format(WebhookFormat::kSlack);
  EXPECT_EQ(format->explain(answered(404, "no_service")), "no_service");
  EXPECT_EQ(format->explain(answered(200, "ok")), "");
  EXPECT_EQ(format->explain(answered(404, "<html>")), "");
  EXPECT_EQ(format->explain(unanswered()), "");
  EXPECT_EQ(format->judge(answered(410, "channel_is_archived")), Verdict::kGone);
  EXPECT_EQ(format->judge(answered(400, "invalid_blocks")), Verdict::kRefused);
}

TEST(SlackCode, CutsBetweenCharactersAndEntities) {
  EXPECT_EQ(slack_code("abcdef", 6), "`abcdef`");
  EXPECT_EQ(slack_code("abcdefg", 6), "`abc…`");
  EXPECT_EQ(slack_code("a<b<c", 9), "`a&lt;b…`");
  EXPECT_EQ(slack_code("ééééé", 8), "`éé…`");
  EXPECT_EQ(slack_code("", 8), "`-`");
  EXPECT_EQ(slack_code(" \n\x01 ", 8), "`-`");
  EXPECT_EQ(slack_code(" a ", 8), "`a`");
  EXPECT_EQ(slack_code("\xFF\xC3", 8), "`??`");
}

}  // namespace
}  // namespace sluice
