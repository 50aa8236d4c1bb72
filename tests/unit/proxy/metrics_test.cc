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
  static std::shared_ptr<const TallyNames> names() {
    return std::make_shared<TallyNames>(
        TallyNames{{"securenvoy", "push"}, {"siem", "soar"}, {"push.employees.get", "push.unknown"}});
  }
  static constexpr RequestLabels kAllowed{1, 1, 0, DecisionLabel::kAllow, 200};
  static constexpr RequestLabels kDenied{1, 0, 0, DecisionLabel::kDeny, 403};

  Metrics metrics;
  const std::shared_ptr<Tally> kept = metrics.add_tally(names());
  Tally& tally = *kept;
};

TEST_F(MetricsTest, CountsRequestsByTheirLabels) {
  tally.request(kAllowed, microseconds(300), microseconds(2));
  tally.request(kAllowed, microseconds(300), microseconds(2));
  tally.request(kDenied, microseconds(300), microseconds(2));
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# TYPE sluice_requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# HELP sluice_requests_total Requests by decision"));
  EXPECT_THAT(text, HasSubstr("sluice_requests_total{api=\"push\",client=\"soar\",decision=\"allow\","
                              "operation=\"push.employees.get\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sluice_requests_total{api=\"push\",client=\"siem\",decision=\"deny\","
                              "operation=\"push.employees.get\",status=\"403\"} 1\n"));
}

TEST_F(MetricsTest, AddsUpWhatSeveralWorkersCounted) {
  const std::shared_ptr<Tally> kept_other = metrics.add_tally(names());
  Tally& other = *kept_other;
  // As after a change of the configuration: other numbers for the same names.
  const std::shared_ptr<Tally> kept_later =
      metrics.add_tally(std::make_shared<TallyNames>(TallyNames{{"push"}, {"soar"}, {"push.employees.get"}}));
  Tally& later = *kept_later;
  tally.request(kAllowed, Millis(3), microseconds(2));
  other.request(kAllowed, Millis(3), microseconds(2));
  later.request({0, 0, 0, DecisionLabel::kAllow, 200}, Millis(3), microseconds(2));
  for (Tally* one : {&tally, &other, &later}) one->shadow_decision("office-hours");
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("sluice_requests_total{api=\"push\",client=\"soar\",decision=\"allow\","
                              "operation=\"push.employees.get\",status=\"200\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_bucket{api=\"push\",le=\"0.001\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_bucket{api=\"push\",le=\"0.005\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_sum{api=\"push\"} 0.00"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("sluice_shadow_decisions_total{rule=\"office-hours\"} 3\n"));
  EXPECT_EQ(occurrences(text, "# TYPE sluice_requests_total counter"), 1u);
}

TEST_F(MetricsTest, KeepsEveryLabelApart) {
  constexpr size_t kMost = 1'000'000;
  TallyNames many;
  many.apis.assign(1'000, "push");
  many.clients.assign(kMost, "tool");
  many.operations.assign(kMost, "op");
  many.apis.back() = "last";
  many.clients.back() = "last";
  many.operations.back() = "last";
  const std::shared_ptr<Tally> kept_large = metrics.add_tally(std::make_shared<TallyNames>(std::move(many)));
  kept_large->request({999, kMost - 1, kMost - 1, DecisionLabel::kRefuse, 999}, Nanos(1), Nanos(1));
  EXPECT_THAT(metrics.render(),
              HasSubstr("sluice_requests_total{api=\"last\",client=\"last\",decision=\"refuse\","
                        "operation=\"last\",status=\"999\"} 1\n"));
}

TEST_F(MetricsTest, SaysNoneForWhatWasNotReached) {
  tally.request({}, microseconds(1), Nanos(-1));
  tally.upstream({1, 0}, microseconds(1));
  const std::string text = metrics.render();
  EXPECT_THAT(
      text,
      HasSubstr("{api=\"none\",client=\"none\",decision=\"none\",operation=\"none\",status=\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_count{api=\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_requests_total{api=\"push\",status=\"none\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("sluice_policy_seconds")));
}

TEST_F(MetricsTest, BoundsTheStatusToThreeDigits) {
  for (const int status : {-1, 7, 99, 1000, 123'456'789}) tally.upstream({1, status}, microseconds(1));
  tally.upstream({1, 999}, microseconds(1));
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("sluice_upstream_requests_total{api=\"push\",status=\"none\"} 5\n"));
  EXPECT_EQ(occurrences(text, "sluice_upstream_requests_total{api=\"push\""), 3u);  // and 429, from the start
}

TEST_F(MetricsTest, MeasuresTimesInSeconds) {
  tally.request(kAllowed, std::chrono::milliseconds(40), microseconds(4));
  tally.queue_wait(1, Priority::kBatch, Millis(700));
  tally.upstream({1, 200}, std::chrono::milliseconds(80));
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_sum{api=\"push\"} 0.04"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_bucket{api=\"push\",le=\"0.025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_bucket{api=\"push\",le=\"0.05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_bucket{api=\"push\",le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_bucket{le=\"2.5e-06\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sluice_policy_seconds_count 1\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_queue_wait_seconds_bucket{api=\"push\",priority=\"batch\",le=\"0.5\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_queue_wait_seconds_bucket{api=\"push\",priority=\"batch\",le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_seconds_count{api=\"push\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_requests_total{api=\"push\",status=\"200\"} 1\n"));
}

TEST_F(MetricsTest, PutsATimeAtABoundIntoItsBucketAndALongOneIntoNone) {
  tally.queue_wait(0, Priority::kNone, Millis(1));
  tally.queue_wait(0, Priority::kNone, std::chrono::minutes(2));
  const std::string text = metrics.render();
  const std::string name = "sluice_queue_wait_seconds_bucket{api=\"securenvoy\",priority=\"none\",le=";
  EXPECT_THAT(text, HasSubstr(name + "\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "\"60\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "\"+Inf\"} 2\n"));
}

TEST_F(MetricsTest, CountsShadowDecisions) {
  tally.shadow_decision("office-hours");
  EXPECT_THAT(metrics.render(), HasSubstr("sluice_shadow_decisions_total{rule=\"office-hours\"} 1\n"));
}

TEST_F(MetricsTest, CountsWhatNoCatalogueKnowsByApi) {
  tally.unknown_operation(0);
  tally.unknown_operation(0);
  tally.unknown_fields(0, 3);
  tally.unknown_fields(0, 16);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("sluice_unknown_operations_total{api=\"securenvoy\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sluice_unknown_fields_total{api=\"securenvoy\"} 19\n"));
}

// increase() does not see the first event of a series that begins with it.
TEST_F(MetricsTest, BeginsAtZeroWhereAnAlertWaitsForTheFirstEvent) {
  const std::string text = metrics.render();
  for (const char* api : {"push", "securenvoy"}) {
    const std::string label = std::string("{api=\"") + api + "\"";
    for (const char* name : {"sluice_unknown_operations_total", "sluice_unknown_fields_total",
                             "sluice_limit_exceeded_total", "sluice_credentials_refused_total"})
      EXPECT_THAT(text, HasSubstr(name + label + "} 0\n"));
    EXPECT_THAT(text, HasSubstr("sluice_upstream_requests_total" + label + ",status=\"429\"} 0\n"));
  }
  EXPECT_THAT(text, Not(HasSubstr("sluice_requests_total{")));
}

TEST_F(MetricsTest, TellsWaitsNearTheLongestOneApart) {
  tally.queue_wait(0, Priority::kNone, Millis(8'500));
  const std::string text = metrics.render();
  const std::string name = "sluice_queue_wait_seconds_bucket{api=\"securenvoy\",priority=\"none\",le=";
  EXPECT_THAT(text, HasSubstr(name + "\"7.5\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(name + "\"9\"} 1\n"));
}

TEST_F(MetricsTest, ReadsTheCollectorsAtEachScrape) {
  double depth = 3;
  metrics.add_collector([&depth] {
    return std::vector<MetricSample>{
        {"sluice_queue_depth", "Waiting requests.", MetricType::kGauge, {{"api", "push"}}, depth},
        {"sluice_audit_events_total", "Audit events.", MetricType::kCounter, {{"type", "gate.started"}}, 7}};
  });
  EXPECT_THAT(metrics.render(), HasSubstr("sluice_queue_depth{api=\"push\"} 3\n"));
  depth = 4;
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("# HELP sluice_queue_depth Waiting requests.\n# TYPE sluice_queue_depth gauge\n"
                              "sluice_queue_depth{api=\"push\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE sluice_audit_events_total counter\n"
                              "sluice_audit_events_total{type=\"gate.started\"} 7\n"));
}

TEST_F(MetricsTest, WritesAFamilyOnceThoughSeveralPartsHaveSamplesOfIt) {
  for (const char* api : {"push", "securenvoy"}) {
    metrics.add_collector([api] {
      return std::vector<MetricSample>{
          {"sluice_queue_depth", "Waiting.", MetricType::kGauge, {{"api", api}}, 1}};
    });
  }
  const std::string text = metrics.render();
  EXPECT_EQ(occurrences(text, "# TYPE sluice_queue_depth gauge"), 1u);
  EXPECT_EQ(occurrences(text, "sluice_queue_depth{"), 2u);
}

TEST_F(MetricsTest, EscapesLabelValues) {
  const std::string hostile = "a\"} 1\nevil{b=\"\\";
  tally.shadow_decision(hostile);
  metrics.add_collector([&hostile] {
    return std::vector<MetricSample>{
        {"sluice_gauge", "A gauge.", MetricType::kGauge, {{"name", hostile}}, 1}};
  });
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("sluice_shadow_decisions_total{rule=\"a\\\"} 1\\nevil{b=\\\"\\\\\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_gauge{name=\"a\\\"} 1\\nevil{b=\\\"\\\\\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nevil")));
}

TEST_F(MetricsTest, LosesNothingBetweenThreads) {
  constexpr int kRequests = 20'000;
  std::vector<std::thread> workers;
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([kept = metrics.add_tally(names())] {
      Tally& worker = *kept;
      for (int n = 0; n < kRequests; ++n) {
        worker.request({1, 1, 0, DecisionLabel::kAllow, 200 + n % 50}, microseconds(n), microseconds(1));
      }
    });
  }
  for (int i = 0; i < 20; ++i) metrics.render();
  for (std::thread& worker : workers) worker.join();
  const std::string text = metrics.render();
  EXPECT_EQ(occurrences(text, "sluice_requests_total{"), 50u);
  EXPECT_EQ(occurrences(text, "\"} 800\n"), 50u);
  EXPECT_THAT(text, HasSubstr("sluice_request_seconds_count{api=\"push\"} 40000\n"));
}

}  // namespace
}  // namespace sluice
