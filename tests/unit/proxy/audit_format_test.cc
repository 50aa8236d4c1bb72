// The formats' common part, and the two that send the events as they are.
#include <gtest/gtest.h>

#include "tests/unit/proxy/audit_format_fixture.h"

namespace sluice {
namespace {

constexpr WebhookFormat kAllFormats[] = {WebhookFormat::kCloudEvents, WebhookFormat::kCloudEventsBatch,
                                         WebhookFormat::kOcsf,        WebhookFormat::kEcs,
                                         WebhookFormat::kSplunkHec,   WebhookFormat::kSlack};

TEST(EventFormat, JudgesAnAnswerByItsStatus) {
  const auto format = make_event_format(WebhookFormat::kCloudEvents);
  for (const int status : {200, 202, 204, 299})
    EXPECT_EQ(format->judge(answered(status)), Verdict::kTaken) << status;
  EXPECT_EQ(format->judge(answered(410)), Verdict::kGone);
  for (const int status : {400, 413, 415, 422})
    EXPECT_EQ(format->judge(answered(status)), Verdict::kRefused) << status;
  for (const int status : {199, 300, 302, 308, 401, 403, 404, 405, 408, 425, 429, 500, 502, 503, 504})
    EXPECT_EQ(format->judge(answered(status)), Verdict::kLater) << status;
  EXPECT_EQ(format->judge(unanswered()), Verdict::kLater);
}

TEST(EventFormat, CarriesEveryEventButWhereItSpeaksOfRequestsOnly) {
  for (const WebhookFormat name : kAllFormats) {
    const auto format = make_event_format(name);
    const bool requests_only = name == WebhookFormat::kOcsf || name == WebhookFormat::kSlack;
    for (size_t i = 0; i < kAuditTypeCount; ++i) {
      const auto type = static_cast<AuditType>(i);
      EXPECT_EQ(format->carries(type), !requests_only || to_text(type).rfind("request.", 0) == 0)
          << format->content_type() << " " << to_text(type);
    }
  }
}

TEST(EventFormat, WritesAnEventOfEachTypeThatItCarriesAsJson) {
  for (const WebhookFormat name : kAllFormats) {
    const auto format = make_event_format(name);
    for (size_t i = 0; i < kAuditTypeCount; ++i) {
      const auto type = static_cast<AuditType>(i);
      if (!format->carries(type)) continue;
      for (const StoredEvent& event : {merge_event(type), bare_event(type)})
        EXPECT_TRUE(Json::accept(format->write({&event, 1}))) << to_text(type);
    }
  }
}

TEST(EventFormat, WritesAnEventThatCannotBeReadWithoutFailing) {
  StoredEvent event = merge_event(AuditType::kRequestDenied);
  for (const char* body : {"", "no JSON", "[]", "{}", R"({"data":7})", R"({"data":{"tags":{},"client":[1]}})",
                           "\"\xFF\"", R"({"source":1,"data":{"upstream_status":"200"}})"}) {
    event.body = body;
    for (const WebhookFormat name :
         {WebhookFormat::kOcsf, WebhookFormat::kEcs, WebhookFormat::kSplunkHec, WebhookFormat::kSlack})
      EXPECT_TRUE(Json::accept(written(name, {event}))) << body;
  }
}

TEST(CloudEventsFormat, SendsTheStoredOctets) {
  const auto format = make_event_format(WebhookFormat::kCloudEvents);
  EXPECT_EQ(format->content_type(), "application/cloudevents+json");
  EXPECT_EQ(format->most_events(), 1U);
  EXPECT_EQ(format->pause(), Millis(0));
  StoredEvent event = merge_event(AuditType::kRequestForwarded);
  event.body = "{ \"z\" : 1.0,\t\"a\":\"\\u00e9\" }";
  EXPECT_EQ(format->write({&event, 1}), event.body);
}

TEST(CloudEventsBatchFormat, JoinsTheStoredOctetsInAList) {
  const auto format = make_event_format(WebhookFormat::kCloudEventsBatch);
  EXPECT_EQ(format->content_type(), "application/cloudevents-batch+json");
  EXPECT_EQ(format->most_events(), 100U);
  EXPECT_EQ(format->pause(), Millis(0));
  StoredEvent odd = merge_event(AuditType::kRequestForwarded);
  odd.body = "{ \"z\" : 1.0,\t\"a\":\"\\u00e9\" }";
  AuditRecord hostile = merge_record(AuditType::kRequestDenied);
  hostile.path = kHostile;
  const StoredEvent second = store(hostile);
  EXPECT_EQ(written(WebhookFormat::kCloudEventsBatch, {odd}), "[" + odd.body + "]");
  EXPECT_EQ(written(WebhookFormat::kCloudEventsBatch, {odd, second, odd}),
            "[" + odd.body + "," + second.body + "," + odd.body + "]");
  EXPECT_EQ(written_json(WebhookFormat::kCloudEventsBatch, {odd, second}).size(), 2U);
}

}  // namespace
}  // namespace sluice
