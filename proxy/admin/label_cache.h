// LabelCache: the metrics of one prometheus-cpp family, found by their label values without an allocation.
// The family's own look-up wants a map of strings for each. Owner: Metrics. Thread: any; shared lock,
// exclusive only when a label set is new.
#pragma once

#include <prometheus/family.h>

#include <array>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice {

template <class Metric, size_t kLabels>
class LabelCache {
 public:
  using Names = std::array<const char*, kLabels>;
  using Values = std::array<std::string_view, kLabels>;

  // `settings` go to the constructor of every new metric: a histogram's buckets.
  template <class... Settings>
  LabelCache(prometheus::Family<Metric>& family, Names names, Settings... settings)
      : make_([&family, settings...](const prometheus::Labels& labels) -> Metric& {
          return family.Add(labels, settings...);
        }),
        names_(names) {}

  // The metric lives as long as its family.
  Metric& at(const Values& values) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = metrics_.find(values); found != metrics_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    prometheus::Labels labels;
    Key key;
    for (size_t i = 0; i < kLabels; ++i) {
      key[i] = values[i];
      labels.emplace(names_[i], values[i]);
    }
    Metric& metric = make_(labels);  // the one that exists, if another thread was faster
    metrics_.emplace(std::move(key), &metric);
    return metric;
  }

 private:
  using Key = std::array<std::string, kLabels>;

  struct Hash {
    using is_transparent = void;
    template <class Strings>
    size_t operator()(const Strings& strings) const {
      size_t hash = 0;
      for (const auto& string : strings) hash = hash * 31 + std::hash<std::string_view>()(string);
      return hash;
    }
  };

  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      for (size_t i = 0; i < kLabels; ++i) {
        if (std::string_view(a[i]) != std::string_view(b[i])) return false;
      }
      return true;
    }
  };

  std::function<Metric&(const prometheus::Labels&)> make_;
  Names names_;
  std::shared_mutex mutex_;  // guards metrics_
  std::unordered_map<Key, Metric*, Hash, Equal> metrics_;
};

}  // namespace sluice
