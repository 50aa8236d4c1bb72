// Metrics: what /metrics shows (interface 7). Counters and histograms of prometheus-cpp; what else there is,
// is read when rendered. Label values are bounded: they come from the configuration and the catalogues, never
// from a caller. Owner: main. Thread: any; after the first request of a label set nothing is allocated, and
// locks are held for a look-up or an addition only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/units.h"

namespace sluice {

struct RequestSample {
  std::string_view api;        // "" when none was reached: label value "none"
  std::string_view operation;  // likewise
  std::string_view client;     // likewise
  std::string_view decision;   // allow | deny | refuse
  int status = 0;              // sent to the client; 0 when it left before: label value "none"
  Nanos total{0};              // from the head's arrival to the answer's end
  Nanos policy{-1};            // < 0: no decision was made
};

enum class MetricType : uint8_t { kGauge, kCounter };

// A gauge or a counter that is read at scrape time. Requires: samples of one name have one type, and no two
// of them the same labels.
struct MetricSample {
  std::string name;
  std::string help;
  MetricType type = MetricType::kGauge;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual void request(const RequestSample& sample) = 0;
  virtual void queue_wait(std::string_view api, std::string_view priority, Millis wait) = 0;
  // `status` 0: no answer.
  virtual void upstream(std::string_view api, int status, Nanos time) = 0;
  virtual void shadow_decision(std::string_view rule) = 0;
  // `collect` is called at every scrape, on the admin's thread, and returns the samples of one part.
  virtual void add_collector(std::function<std::vector<MetricSample>()> collect) = 0;
  // Prometheus text format 0.0.4.
  virtual std::string render() = 0;
};

std::unique_ptr<Metrics> make_metrics();

}  // namespace sluice
