#include "proxy/admin/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace sluice {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;
using testing::Not;

size_t occurrences(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class MetricsTest : public testing::Test {
 protected:
  std::unique_ptr<Metrics> metrics = make_metrics();
};

TEST_F(MetricsTest, CountsRequestsByTheirLabels) {
  const RequestSample allowed{"push", "push.employees.get", "soar",         "allow",
                              200,    microseconds(300),    microseconds(2)};
  metrics->request(allowed);
  metrics->request(allowed);
  metrics->request({"push", "push.employees.get", "siem", "deny", 403, microseconds(300), microseconds(2)});
  const std::string text = metrics->render();
  EXPECT_THAT(text, HasSubstr("# TYPE sluice_requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# HELP sluice_requests_total Requests by decision"));
  EXPECT_THAT(text, HasSubstr("sluice_requests_total{api=\"push\",client=\"soar\",decision=\"allow\","
                              "operation=\"push.employees.get\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sluice_requests_total{api=\"push\",client=\"siem\",decision=\"deny\","
                              "operation=\"push.employees.get\",status=\"403\"} 1\n"));
}

TEST_F(MetricsTest, SaysNoneForWhatWasNotReached) {
  metrics->request({"", "", "", "refuse", 0, microseconds(1), Nanos(-1)});
  metrics->upstream("push", 0, microseconds(1));
  const std::string text = metrics->render();
  EXPECT_THAT(
      text,
      HasSubstr("{api=\"none\",client=\"none\",decision=\"refuse\",operation=\"none\",status=\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_requests_total{api=\"push\",status=\"none\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("sluice_policy_seconds_count")));
}

TEST_F(MetricsTest, BoundsTheStatusToThreeDigits) {
  for (const int status : {-1, 7, 99, 1000, 123'456'789}) metrics->upstream("push", status, microseconds(1));
  metrics->upstream("push", 999, microseconds(1));
  const std::string text = metrics->render();
  EXPECT_THAT(text, HasSubstr("sluice_upstream_requests_total{api=\"push\",status=\"none\"} 5\n"));
  EXPECT_EQ(occurrences(text, "sluice_upstream_requests_total{"), 2u);
}

TEST_F(MetricsTest, MeasuresTimesInSeconds) {
  metrics->request({"push", "o", "c", "allow", 200, std::chrono::milliseconds(40), microseconds(4)});
  metrics->queue_wait("push", "batch", Millis(700));
  metrics->upstream("push", 200, std::chrono::milliseconds(80));
  const std::string text = metrics->render();
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_sum{api=\"push\"} 0.04"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_bucket{api=\"push\",le=\"0.025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_bucket{api=\"push\",le=\"0.05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_bucket{le=\"2.5e-06\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_count 1\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_queue_wait_seconds_bucket{api=\"push\",priority=\"batch\",le=\"0.5\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_queue_wait_seconds_bucket{api=\"push\",priority=\"batch\",le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_seconds_count{api=\"push\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_requests_total{api=\"push\",status=\"200\"} 1\n"));
}

TEST_F(MetricsTest, CountsShadowDecisions) {
  metrics->shadow_decision("office-hours");
  EXPECT_THAT(metrics->render(), HasSubstr("sluice_shadow_decisions_total{rule=\"office-hours\"} 1\n"));
}

TEST_F(MetricsTest, ReadsTheCollectorsAtEachScrape) {
  double depth = 3;
  metrics->add_collector([&depth] {
    return std::vector<MetricSample>{
        {"sluice_queue_depth", "Waiting requests.", MetricType::kGauge, {{"api", "push"}}, depth},
        {"sluice_audit_events_total", "Audit events.", MetricType::kCounter, {{"type", "gate.started"}}, 7}};
  });
  EXPECT_THAT(metrics->render(), HasSubstr("sluice_queue_depth{api=\"push\"} 3\n"));
  depth = 4;
  const std::string text = metrics->render();
  EXPECT_THAT(text, HasSubstr("# HELP sluice_queue_depth Waiting requests.\n# TYPE sluice_queue_depth gauge\n"
                              "sluice_queue_depth{api=\"push\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE sluice_audit_events_total counter\n"
                              "sluice_audit_events_total{type=\"gate.started\"} 7\n"));
}

TEST_F(MetricsTest, WritesAFamilyOnceThoughSeveralPartsHaveSamplesOfIt) {
  for (const char* api : {"push", "securenvoy"}) {
    metrics->add_collector([api] {
      return std::vector<MetricSample>{
          {"sluice_queue_depth", "Waiting.", MetricType::kGauge, {{"api", api}}, 1}};
    });
  }
  const std::string text = metrics->render();
  EXPECT_EQ(occurrences(text, "# TYPE sluice_queue_depth gauge"), 1u);
  EXPECT_EQ(occurrences(text, "sluice_queue_depth{"), 2u);
}

TEST_F(MetricsTest, EscapesLabelValues) {
  const std::string hostile = "a\"} 1\nevil{b=\"\\";
  metrics->shadow_decision(hostile);
  metrics->add_collector([&hostile] {
    return std::vector<MetricSample>{
        {"sluice_gauge", "A gauge.", MetricType::kGauge, {{"name", hostile}}, 1}};
  });
  const std::string text = metrics->render();
  EXPECT_THAT(text, HasSubstr("sluice_shadow_decisions_total{rule=\"a\\\"} 1\\nevil{b=\\\"\\\\\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_gauge{name=\"a\\\"} 1\\nevil{b=\\\"\\\\\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nevil")));
}

TEST_F(MetricsTest, LosesNothingBetweenThreads) {
  const auto speak = [this] {
    for (int i = 0; i < 2'000; ++i) {
      const std::string rule = "rule-" + std::to_string(i % 50);
      metrics->shadow_decision(rule);
      if (i % 500 == 0) metrics->render();
    }
  };
  std::thread one(speak);
  std::thread two(speak);
  one.join();
  two.join();
  const std::string text = metrics->render();
  EXPECT_EQ(occurrences(text, "sluice_shadow_decisions_total{"), 50u);
  EXPECT_EQ(occurrences(text, "\"} 80\n"), 50u);
}

}  // namespace
}  // namespace sluice
