#include "proxy/admin/history.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice {
namespace {

template <class Number>
Number clamp_to(double value) {
  constexpr double kMost = static_cast<double>(std::numeric_limits<Number>::max() - 1);
  return static_cast<Number>(std::llround(std::clamp(value, 0.0, kMost)));
}

template <class Number>
Number clamp_to(uint64_t value) {
  return static_cast<Number>(std::min<uint64_t>(value, std::numeric_limits<Number>::max() - 1));
}

// What was counted since; all of it, if the count has begun anew.
uint64_t difference(uint64_t now, uint64_t before) { return now >= before ? now - before : now; }

}  // namespace

Millis History::until_next(int64_t unix_ms) {
  const int64_t interval = kInterval.count();
  return Millis(interval - ((unix_ms % interval) + interval) % interval);
}

template <class Sample>
void History::append_nulls(ByName<Sample>& all, size_t count) {
  for (auto at = all.begin(); at != all.end();) {
    auto& [samples, gone] = at->second;
    samples.resize(samples.size() + count);
    gone += count;
    if (samples.size() > kMost)
      samples.erase(samples.begin(), samples.end() - static_cast<std::ptrdiff_t>(kMost));
    at = gone >= samples.size() ? all.erase(at) : std::next(at);
  }
}

// Its place in the last sample.
template <class Sample>
Sample& History::find(ByName<Sample>& all, const std::string& name) {
  Series<Sample>& series = all[name];
  if (series.samples.empty()) series.samples.emplace_back();
  series.gone = 0;
  return series.samples.back();
}

template <class Sample>
void History::forget_gone(ByName<Sample>& all, size_t configured) {
  while (all.size() > configured + kMostGone) {
    all.erase(std::max_element(all.begin(), all.end(),
                               [](const auto& a, const auto& b) { return a.second.gone < b.second.gone; }));
  }
}

// One more sample, all null.
void History::make_room(int64_t slot) {
  size_t count = 1;
  if (!requests_.empty() && slot > slot_)
    count = static_cast<size_t>(std::min<int64_t>(slot - slot_, static_cast<int64_t>(kMost)));
  slot_ = slot;
  requests_.resize(requests_.size() + count);
  if (requests_.size() > kMost)
    requests_.erase(requests_.begin(), requests_.end() - static_cast<std::ptrdiff_t>(kMost));
  append_nulls(apis_, count);
  append_nulls(webhooks_, count);
}

void History::add_api(const HistoryFigures::Api& api) {
  HistorySamples::Api& sample = find(apis_, api.name);
  sample.sent = clamp_to<uint32_t>(api.sent_per_second * 1'000);
  sample.in_use = clamp_to<uint16_t>(api.in_use * 1'000);
  sample.waiting = clamp_to<uint32_t>(api.waiting);
  if (api.wait)
    sample.wait = clamp_to<uint32_t>(std::chrono::duration<double, std::milli>(*api.wait).count());
  const auto before = rejections_.find(api.name);
  const uint64_t rejected = before == rejections_.end() ? 0 : before->second;
  sample.rejections = clamp_to<uint16_t>(difference(api.rejections, rejected));
}

void History::add_requests(const OutcomeCounts& now) {
  HistorySamples::Requests& sample = requests_.back();
  sample.allow = clamp_to<uint32_t>(difference(now.allow, counts_.allow));
  sample.deny = clamp_to<uint32_t>(difference(now.deny, counts_.deny));
  sample.refuse = clamp_to<uint32_t>(difference(now.refuse, counts_.refuse));
  sample.failed = clamp_to<uint32_t>(difference(now.failed, counts_.failed));
  counts_ = now;
}

void History::add(int64_t unix_ms, const HistoryFigures& figures) {
  make_room((unix_ms + kInterval.count() / 2) / kInterval.count());
  add_requests(figures.requests);
  std::map<std::string, uint64_t> rejections;
  for (const HistoryFigures::Api& api : figures.apis) {
    add_api(api);
    rejections.emplace(api.name, api.rejections);
  }
  rejections_ = std::move(rejections);
  for (const HistoryFigures::Webhook& webhook : figures.webhooks) {
    HistorySamples::Webhook& sample = find(webhooks_, webhook.name);
    sample.backlog = clamp_to<uint32_t>(webhook.backlog);
    sample.lag = clamp_to<uint32_t>(webhook.lag_seconds * 1'000);
  }
  forget_gone(apis_, figures.apis.size());
  forget_gone(webhooks_, figures.webhooks.size());
}

}  // namespace sluice
