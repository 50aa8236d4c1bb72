// Metrics: what /metrics shows (interface 7): what the workers tally, and what else there is, read when
// rendered. Label values are bounded: they come from the configuration and the catalogues, never from a
// caller. Owner: the gate. Thread: any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "proxy/admin/tally.h"

namespace sluice {

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
  Metrics();
  ~Metrics();

  // For a worker. What was counted stays counted when it has let go of it.
  std::shared_ptr<Tally> add_tally(std::shared_ptr<const TallyNames> names);
  // `collect` is called at every scrape, on the admin's thread, and returns the samples of one part.
  void add_collector(std::function<std::vector<MetricSample>()> collect);
  // Prometheus text format 0.0.4.
  std::string render();

 private:
  struct Totals;
  void fold_past();

  std::mutex mutex_;  // guards the rest
  std::vector<std::shared_ptr<Tally>> tallies_;
  std::unique_ptr<Totals> past_;  // of the tallies that nobody writes any more
  std::vector<std::function<std::vector<MetricSample>()>> collectors_;
};

}  // namespace sluice
