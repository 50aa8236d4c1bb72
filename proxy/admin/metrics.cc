#include "proxy/admin/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <limits>
#include <map>

namespace sluice {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// One metric of all tallies: label values to a number, equal labels added up.
struct CounterFamily {
  std::string name, help;
  std::map<Labels, uint64_t> counts;
};
struct HistogramFamily {
  struct Series {
    std::span<const Nanos> bounds;
    Histogram::Reading reading;
  };
  std::string name, help;
  std::map<Labels, Series> series;

  void add(Labels labels, const Histogram& histogram) {
    const Histogram::Reading reading = histogram.read();
    if (reading.counts == Histogram::Reading().counts) return;
    Series& into = series.try_emplace(std::move(labels), Series{histogram.bounds(), {}}).first->second;
    into.reading.add(reading);
  }
};

}  // namespace

struct Metrics::Totals {
  CounterFamily requests{"sluice_requests_total",
                         "Requests by decision (allow, deny, refuse) and by the status sent to the client; "
                         "none: it left before.",
                         {}};
  HistogramFamily request_seconds{
      "sluice_request_seconds", "Time from a request's arrival to the end of its answer.", {}};
  HistogramFamily policy_seconds{"sluice_policy_seconds", "Time to decide on a request.", {}};
  HistogramFamily queue_wait_seconds{
      "sluice_queue_wait_seconds", "Time that a request waited for its turn at the vendor.", {}};
  CounterFamily upstream_requests{
      "sluice_upstream_requests_total",
      "Requests sent to the vendor by the status that it answered; none: no answer.",
      {}};
  HistogramFamily upstream_seconds{
      "sluice_upstream_seconds", "Time from sending a request to the head of the vendor's answer.", {}};
  CounterFamily shadow_decisions{
      "sluice_shadow_decisions_total", "Requests that a rule in shadow mode would have decided.", {}};
  CounterFamily unknown_operations{
      "sluice_unknown_operations_total", "Requests that fit no operation of the API's catalogue.", {}};
  CounterFamily unknown_fields{
      "sluice_unknown_fields_total", "Members of bodies that the API's catalogue does not name.", {}};
  CounterFamily limits_exceeded{"sluice_limit_exceeded_total",
                                "Times that the vendor answered 429 for the third time in a minute, or more.",
                                {}};
  CounterFamily credentials_refused{
      "sluice_credentials_refused_total", "Keys that the vendor refused, each counted once.", {}};

  void add(const Tally& tally);

 private:
  // A series that begins with its first event would hide that event from rate() and increase().
  void start_at_zero(const TallyNames& names);
};

namespace {

std::string name_of(const std::vector<std::string>& names, size_t index) {
  return index < names.size() ? names[index] : "none";
}

std::string text_of_status(int status) { return status == 0 ? "none" : std::to_string(status); }

prometheus::ClientMetric with_labels(const Labels& labels) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

void append(const CounterFamily& family, std::vector<prometheus::MetricFamily>& out) {
  if (family.counts.empty()) return;
  out.push_back({family.name, family.help, prometheus::MetricType::Counter, {}});
  for (const auto& [labels, count] : family.counts) {
    prometheus::ClientMetric metric = with_labels(labels);
    metric.counter.value = static_cast<double>(count);
    out.back().metric.push_back(std::move(metric));
  }
}

void append(const HistogramFamily& family, std::vector<prometheus::MetricFamily>& out) {
  if (family.series.empty()) return;
  out.push_back({family.name, family.help, prometheus::MetricType::Histogram, {}});
  for (const auto& [labels, series] : family.series) {
    prometheus::ClientMetric metric = with_labels(labels);
    prometheus::ClientMetric::Histogram& histogram = metric.histogram;
    for (size_t i = 0; i <= series.bounds.size(); ++i) {
      histogram.sample_count += series.reading.counts[i];
      const double bound = i < series.bounds.size() ? std::chrono::duration<double>(series.bounds[i]).count()
                                                    : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({histogram.sample_count, bound});
    }
    histogram.sample_sum = static_cast<double>(series.reading.total_ns) / 1e9;
    out.back().metric.push_back(std::move(metric));
  }
}

// A family is written once, however many parts have samples of it.
void append(const std::vector<MetricSample>& samples, std::vector<prometheus::MetricFamily>& out) {
  std::map<std::string_view, prometheus::MetricFamily> families;
  for (const MetricSample& sample : samples) {
    const auto [family, is_new] = families.try_emplace(sample.name);
    if (is_new) {
      const bool is_counter = sample.type == MetricType::kCounter;
      family->second.type = is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
      family->second.name = sample.name;
      family->second.help = sample.help;
    }
    prometheus::ClientMetric metric = with_labels(sample.labels);
    metric.gauge.value = sample.value;
    metric.counter.value = sample.value;
    family->second.metric.push_back(std::move(metric));
  }
  for (auto& [name, family] : families) out.push_back(std::move(family));
}

}  // namespace

void Metrics::Totals::start_at_zero(const TallyNames& names) {
  for (const std::string& api : names.apis) {
    for (CounterFamily* family :
         {&unknown_operations, &unknown_fields, &limits_exceeded, &credentials_refused})
      family->counts.try_emplace({{"api", api}});
    upstream_requests.counts.try_emplace({{"api", api}, {"status", "429"}});
  }
}

void Metrics::Totals::add(const Tally& tally) {
  constexpr std::array<const char*, 4> kDecisions{"none", "allow", "deny", "refuse"};
  constexpr std::array<std::pair<Priority, const char*>, 3> kPriorities{
      {{Priority::kNone, "none"}, {Priority::kInteractive, "interactive"}, {Priority::kBatch, "batch"}}};
  const TallyNames& names = tally.names();
  start_at_zero(names);
  for (const auto& [labels, count] : tally.requests()) {
    requests.counts[{{"api", name_of(names.apis, labels.api)},
                     {"client", name_of(names.clients, labels.client)},
                     {"decision", kDecisions[static_cast<size_t>(labels.decision)]},
                     {"operation", name_of(names.operations, labels.operation)},
                     {"status", text_of_status(labels.status)}}] += count;
  }
  for (const auto& [labels, count] : tally.upstream_requests()) {
    const std::string api = name_of(names.apis, labels.api);
    upstream_requests.counts[{{"api", api}, {"status", text_of_status(labels.status)}}] += count;
  }
  for (const auto& [rule, count] : tally.shadow_decisions()) {
    shadow_decisions.counts[{{"rule", rule}}] += count;
  }
  for (const auto& [api, count] : tally.unknown_operations()) {
    unknown_operations.counts[{{"api", name_of(names.apis, api)}}] += count;
  }
  for (const auto& [api, count] : tally.unknown_fields()) {
    unknown_fields.counts[{{"api", name_of(names.apis, api)}}] += count;
  }
  for (const auto& [api, count] : tally.limits_exceeded()) {
    limits_exceeded.counts[{{"api", name_of(names.apis, api)}}] += count;
  }
  for (const auto& [api, count] : tally.credentials_refused()) {
    credentials_refused.counts[{{"api", name_of(names.apis, api)}}] += count;
  }
  policy_seconds.add({}, tally.policy_times());
  for (size_t api = 0; api <= names.apis.size(); ++api) {
    request_seconds.add({{"api", name_of(names.apis, api)}}, *tally.request_times()[api]);
    upstream_seconds.add({{"api", name_of(names.apis, api)}}, *tally.upstream_times()[api]);
    if (api == names.apis.size()) break;
    for (const auto& [priority, text] : kPriorities) {
      queue_wait_seconds.add({{"api", names.apis[api]}, {"priority", text}},
                             tally.queue_waits(api, priority));
    }
  }
}

Metrics::Metrics() : past_(std::make_unique<Totals>()) {}

Metrics::~Metrics() = default;

std::shared_ptr<Tally> Metrics::add_tally(std::shared_ptr<const TallyNames> names) {
  const std::lock_guard lock(mutex_);
  fold_past();
  return tallies_.emplace_back(std::make_shared<Tally>(std::move(names)));
}

// Requires: the lock is held. Nobody but this hands a tally out: one that is here alone stays so.
void Metrics::fold_past() {
  std::erase_if(tallies_, [this](const std::shared_ptr<Tally>& tally) {
    if (tally.use_count() > 1) return false;
    // Letting go of a second reference reads after its writer's last count, which use_count() does not.
    std::shared_ptr<Tally>(tally).reset();
    past_->add(*tally);
    return true;
  });
}

void Metrics::add_collector(std::function<std::vector<MetricSample>()> collect) {
  const std::lock_guard lock(mutex_);
  collectors_.push_back(std::move(collect));
}

std::string Metrics::render() {
  Totals tallied;
  std::vector<MetricSample> samples;
  {
    const std::lock_guard lock(mutex_);
    fold_past();
    tallied = *past_;
    for (const auto& tally : tallies_) tallied.add(*tally);
    for (const auto& collect : collectors_) {
      for (MetricSample& sample : collect()) samples.push_back(std::move(sample));
    }
  }
  std::vector<prometheus::MetricFamily> families;
  append(tallied.requests, families);
  append(tallied.request_seconds, families);
  append(tallied.policy_seconds, families);
  append(tallied.queue_wait_seconds, families);
  append(tallied.upstream_requests, families);
  append(tallied.upstream_seconds, families);
  append(tallied.shadow_decisions, families);
  append(tallied.unknown_operations, families);
  append(tallied.unknown_fields, families);
  append(tallied.limits_exceeded, families);
  append(tallied.credentials_refused, families);
  append(samples, families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sluice
