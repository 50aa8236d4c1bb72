#include "proxy/admin/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <charconv>
#include <map>
#include <mutex>

#include "proxy/admin/label_cache.h"

namespace sluice {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

// Seconds. A decision takes microseconds; a body that has to be parsed for it, up to milliseconds.
const Buckets kPolicyBuckets{1e-6,   2.5e-6, 5e-6, 1e-5,   2.5e-5, 5e-5, 1e-4,
                             2.5e-4, 5e-4,   1e-3, 2.5e-3, 5e-3,   1e-2};
// From nothing to a full queue, and a long hold.
const Buckets kWaitBuckets{1e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

double in_seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

std::string_view or_none(std::string_view value) { return value.empty() ? "none" : value; }

// The decimal digits of an HTTP status, without an allocation. A status has three: anything else is no
// status.
class StatusText {
 public:
  explicit StatusText(int status) {
    if (status >= 100 && status <= 999) std::to_chars(digits_, digits_ + sizeof digits_, status);
  }
  std::string_view view() const {
    return digits_[0] == 0 ? "none" : std::string_view(digits_, sizeof digits_);
  }

 private:
  char digits_[3] = {};
};

prometheus::Family<Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<Histogram>& histograms(prometheus::Registry& registry, const char* name,
                                          const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

prometheus::ClientMetric to_client_metric(const MetricSample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  metric.gauge.value = sample.value;
  metric.counter.value = sample.value;
  return metric;
}

// A family is written once, however many parts have samples of it.
void append_samples(const std::vector<MetricSample>& samples, std::vector<prometheus::MetricFamily>& out) {
  std::map<std::string_view, prometheus::MetricFamily> families;
  for (const MetricSample& sample : samples) {
    const auto [family, is_new] = families.try_emplace(sample.name);
    if (is_new) {
      const bool is_counter = sample.type == MetricType::kCounter;
      family->second.type = is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
      family->second.name = sample.name;
      family->second.help = sample.help;
    }
    family->second.metric.push_back(to_client_metric(sample));
  }
  for (auto& [name, family] : families) out.push_back(std::move(family));
}

class PrometheusMetrics final : public Metrics {
 public:
  void request(const RequestSample& sample) override {
    const std::string_view api = or_none(sample.api);
    const StatusText status(sample.status);
    requests_
        .at({api, or_none(sample.operation), or_none(sample.client), or_none(sample.decision), status.view()})
        .Increment();
    request_seconds_.at({api}).Observe(in_seconds(sample.total));
    if (sample.policy >= Nanos(0)) policy_seconds_.at({}).Observe(in_seconds(sample.policy));
  }

  void queue_wait(std::string_view api, std::string_view priority, Millis wait) override {
    queue_wait_seconds_.at({or_none(api), or_none(priority)}).Observe(in_seconds(wait));
  }

  void upstream(std::string_view api, int status, Nanos time) override {
    const StatusText text(status);
    upstream_requests_.at({or_none(api), text.view()}).Increment();
    upstream_seconds_.at({or_none(api)}).Observe(in_seconds(time));
  }

  void shadow_decision(std::string_view rule) override { shadow_decisions_.at({or_none(rule)}).Increment(); }

  void add_collector(std::function<std::vector<MetricSample>()> collect) override {
    const std::lock_guard lock(mutex_);
    collectors_.push_back(std::move(collect));
  }

  std::string render() override {
    std::vector<MetricSample> samples;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& collect : collectors_) {
        for (MetricSample& sample : collect()) samples.push_back(std::move(sample));
      }
    }
    std::vector<prometheus::MetricFamily> families = registry_.Collect();
    append_samples(samples, families);
    return prometheus::TextSerializer().Serialize(families);
  }

 private:
  prometheus::Registry registry_;
  LabelCache<Counter, 5> requests_{counters(registry_, "sluice_requests_total",
                                            "Requests by decision (allow, deny, refuse) and by the status "
                                            "sent to the client; none: it left before."),
                                   {"api", "operation", "client", "decision", "status"}};
  LabelCache<Histogram, 1> request_seconds_{
      histograms(registry_, "sluice_request_seconds",
                 "Time from a request's arrival to the end of its answer."),
      {"api"},
      kWaitBuckets};
  LabelCache<Histogram, 0> policy_seconds_{
      histograms(registry_, "sluice_policy_seconds", "Time to decide on a request."), {}, kPolicyBuckets};
  LabelCache<Histogram, 2> queue_wait_seconds_{
      histograms(registry_, "sluice_queue_wait_seconds",
                 "Time that a request waited for its turn at the vendor."),
      {"api", "priority"},
      kWaitBuckets};
  LabelCache<Counter, 2> upstream_requests_{
      counters(registry_, "sluice_upstream_requests_total",
               "Requests sent to the vendor by the status that it answered; none: no answer."),
      {"api", "status"}};
  LabelCache<Histogram, 1> upstream_seconds_{
      histograms(registry_, "sluice_upstream_seconds",
                 "Time from sending a request to the end of the vendor's answer."),
      {"api"},
      kWaitBuckets};
  LabelCache<Counter, 1> shadow_decisions_{
      counters(registry_, "sluice_shadow_decisions_total",
               "Requests that a rule in shadow mode would have decided."),
      {"rule"}};
  std::mutex mutex_;  // guards collectors_
  std::vector<std::function<std::vector<MetricSample>()>> collectors_;
};

}  // namespace

std::unique_ptr<Metrics> make_metrics() { return std::make_unique<PrometheusMetrics>(); }

}  // namespace sluice
