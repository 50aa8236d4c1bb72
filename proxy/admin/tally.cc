#include "proxy/admin/tally.h"

#include <algorithm>

namespace sluice {
namespace {

using std::chrono::microseconds;

// A decision takes microseconds; a body that has to be parsed for it, up to milliseconds.
constexpr std::array<Nanos, 13> kPolicyBounds{
    Nanos(1'000),        Nanos(2'500),      microseconds(5),   microseconds(10),  microseconds(25),
    microseconds(50),    microseconds(100), microseconds(250), microseconds(500), Millis(1),
    microseconds(2'500), Millis(5),         Millis(10)};
// From nothing to a full queue, and a long hold; 9 s is the default of queue.max_wait.
constexpr std::array<Nanos, 16> kWaitBounds{Millis(1),     Millis(5),      Millis(10),     Millis(25),
                                            Millis(50),    Millis(100),    Millis(250),    Millis(500),
                                            Millis(1'000), Millis(2'500),  Millis(5'000),  Millis(7'500),
                                            Millis(9'000), Millis(10'000), Millis(30'000), Millis(60'000)};
constexpr size_t kPriorities = 3;

// Of one writer: no other thread adds in between.
void bump(std::atomic<uint64_t>& count, uint64_t by = 1) {
  count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

// Labels side by side in one number: 10 bits of status, 2 of decision, 10 of API, 20 of client, 20 of
// operation.
constexpr uint64_t pack(size_t index, unsigned bits) { return (index + 1) & ((uint64_t{1} << bits) - 1); }
constexpr size_t unpack(uint64_t key, unsigned shift, unsigned bits) {
  return static_cast<size_t>((key >> shift) & ((uint64_t{1} << bits) - 1)) - 1;
}
constexpr uint64_t pack_status(int status) {
  return status >= 100 && status <= 999 ? static_cast<uint64_t>(status) : 0;
}

std::vector<std::unique_ptr<Histogram>> histograms(size_t count) {
  std::vector<std::unique_ptr<Histogram>> made;
  for (size_t i = 0; i < count; ++i) made.push_back(std::make_unique<Histogram>(kWaitBounds));
  return made;
}

}  // namespace

void Histogram::Reading::add(const Reading& other) {
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  total_ns += other.total_ns;
}

void Histogram::observe(Nanos time) {
  size_t bucket = 0;
  while (bucket < bounds_.size() && time > bounds_[bucket]) ++bucket;
  bump(counts_[bucket]);
  bump(total_ns_, static_cast<uint64_t>(std::max(time, Nanos(0)).count()));
}

Histogram::Reading Histogram::read() const {
  Reading reading;
  for (size_t i = 0; i < counts_.size(); ++i) reading.counts[i] = counts_[i].load(std::memory_order_relaxed);
  reading.total_ns = total_ns_.load(std::memory_order_relaxed);
  return reading;
}

void Counts::add(uint64_t key, uint64_t by) {
  if (const auto found = counts_.find(key); found != counts_.end()) return bump(found->second, by);
  const std::lock_guard lock(mutex_);
  counts_.try_emplace(key, by);
}

std::map<uint64_t, uint64_t> Counts::read() const {
  const std::lock_guard lock(mutex_);
  std::map<uint64_t, uint64_t> copy;
  for (const auto& [key, count] : counts_) copy.emplace(key, count.load(std::memory_order_relaxed));
  return copy;
}

Tally::Tally(std::shared_ptr<const TallyNames> names)
    : names_(std::move(names)),
      request_times_(histograms(names_->apis.size() + 1)),
      upstream_times_(histograms(names_->apis.size() + 1)),
      queue_waits_(histograms(names_->apis.size() * kPriorities)),
      policy_times_(kPolicyBounds) {}

void Tally::request(const RequestLabels& labels, Nanos total, Nanos policy) {
  requests_.add(pack_status(labels.status) | static_cast<uint64_t>(labels.decision) << 10 |
                pack(labels.api, 10) << 12 | pack(labels.client, 20) << 22 |
                pack(labels.operation, 20) << 42);
  request_times_[std::min(labels.api, names_->apis.size())]->observe(total);
  if (policy >= Nanos(0)) policy_times_.observe(policy);
}

void Tally::queue_wait(size_t api, Priority priority, Nanos wait) {
  queue_waits_[api * kPriorities + static_cast<size_t>(priority)]->observe(wait);
}

void Tally::upstream(const UpstreamLabels& labels, Nanos time) {
  upstream_requests_.add(pack_status(labels.status) | pack(labels.api, 10) << 12);
  upstream_times_[std::min(labels.api, names_->apis.size())]->observe(time);
}

void Tally::shadow_decision(std::string_view rule) {
  const std::lock_guard lock(mutex_);
  const auto found = shadow_decisions_.find(rule);
  if (found != shadow_decisions_.end()) {
    ++found->second;
  } else {
    shadow_decisions_.emplace(rule, 1);
  }
}

std::vector<std::pair<RequestLabels, uint64_t>> Tally::requests() const {
  std::vector<std::pair<RequestLabels, uint64_t>> list;
  for (const auto& [key, count] : requests_.read()) {
    list.push_back({{unpack(key, 12, 10), unpack(key, 22, 20), unpack(key, 42, 20),
                     static_cast<DecisionLabel>(key >> 10 & 3), static_cast<int>(key & 1023)},
                    count});
  }
  return list;
}

std::vector<std::pair<UpstreamLabels, uint64_t>> Tally::upstream_requests() const {
  std::vector<std::pair<UpstreamLabels, uint64_t>> list;
  for (const auto& [key, count] : upstream_requests_.read()) {
    list.push_back({{unpack(key, 12, 10), static_cast<int>(key & 1023)}, count});
  }
  return list;
}

std::map<std::string, uint64_t> Tally::shadow_decisions() const {
  const std::lock_guard lock(mutex_);
  return {shadow_decisions_.begin(), shadow_decisions_.end()};
}

const Histogram& Tally::queue_waits(size_t api, Priority priority) const {
  return *queue_waits_[api * kPriorities + static_cast<size_t>(priority)];
}

}  // namespace sluice
