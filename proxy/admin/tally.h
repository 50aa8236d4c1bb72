// Tally: what one worker counts on the request path, by numbers instead of names: a request costs a few
// additions, no lock and no allocation once its labels have been seen. Owner: Metrics. Thread: its worker
// writes; any reads, and may see one count of a request before another.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model.h"
#include "config/units.h"

namespace sluice {

// Stands for what was not reached: label value "none".
inline constexpr size_t kNoIndex = static_cast<size_t>(-1);

// What the numbers stand for. Fewer than 1,000 APIs, a million clients, a million operations.
struct TallyNames {
  std::vector<std::string> apis, clients, operations;
  bool operator==(const TallyNames&) const = default;
};

enum class DecisionLabel : uint8_t { kNone, kAllow, kDeny, kRefuse };

struct RequestLabels {
  size_t api = kNoIndex, client = kNoIndex, operation = kNoIndex;
  DecisionLabel decision = DecisionLabel::kNone;
  int status = 0;  // sent to the client; 0 when it left before. What has not three digits counts as 0.
};

struct UpstreamLabels {
  size_t api = kNoIndex;
  int status = 0;  // 0: no answer
};

// One writer. Durations sum up to 584 years.
class Histogram {
 public:
  static constexpr size_t kMostBounds = 16;
  struct Reading {
    std::array<uint64_t, kMostBounds + 1> counts{};  // by bucket, not cumulative; the last one has no bound
    uint64_t total_ns = 0;
    void add(const Reading& other);
  };

  // Requires: `bounds` ascend and outlive it.
  explicit Histogram(std::span<const Nanos> bounds) : bounds_(bounds) {}
  void observe(Nanos time);
  Reading read() const;
  std::span<const Nanos> bounds() const { return bounds_; }

 private:
  std::span<const Nanos> bounds_;
  std::array<std::atomic<uint64_t>, kMostBounds + 1> counts_{};
  std::atomic<uint64_t> total_ns_{0};
};

// Counts by a number that stands for labels. One writer.
class Counts {
 public:
  void add(uint64_t key, uint64_t by = 1);
  std::map<uint64_t, uint64_t> read() const;

 private:
  mutable std::mutex mutex_;  // held by readers, and by the writer where a key is new
  std::unordered_map<uint64_t, std::atomic<uint64_t>> counts_;
};

class Tally {
 public:
  explicit Tally(std::shared_ptr<const TallyNames> names);

  // `total`: from the head's arrival to the answer's end. `policy` < 0: no decision was made.
  void request(const RequestLabels& labels, Nanos total, Nanos policy);
  void queue_wait(size_t api, Priority priority, Nanos wait);
  // `time`: from sending the request to the answer's head.
  void upstream(const UpstreamLabels& labels, Nanos time);
  void shadow_decision(std::string_view rule);
  // What no catalogue knows: a request's operation, members of its body.
  void unknown_operation(size_t api) { unknown_operations_.add(api); }
  void unknown_fields(size_t api, size_t count) { unknown_fields_.add(api, count); }

  // The vendor has answered 429 three times within a minute, or more often.
  void limit_exceeded(size_t api) { limits_exceeded_.add(api); }
  // The vendor refuses one more key.
  void credential_refused(size_t api) { credentials_refused_.add(api); }

  // For Metrics.
  const TallyNames& names() const { return *names_; }
  std::vector<std::pair<RequestLabels, uint64_t>> requests() const;
  std::vector<std::pair<UpstreamLabels, uint64_t>> upstream_requests() const;
  std::map<std::string, uint64_t> shadow_decisions() const;
  // By API.
  std::map<uint64_t, uint64_t> unknown_operations() const { return unknown_operations_.read(); }
  std::map<uint64_t, uint64_t> unknown_fields() const { return unknown_fields_.read(); }
  std::map<uint64_t, uint64_t> limits_exceeded() const { return limits_exceeded_.read(); }
  std::map<uint64_t, uint64_t> credentials_refused() const { return credentials_refused_.read(); }
  // By API; the last one is of kNoIndex.
  const std::vector<std::unique_ptr<Histogram>>& request_times() const { return request_times_; }
  const std::vector<std::unique_ptr<Histogram>>& upstream_times() const { return upstream_times_; }
  const Histogram& policy_times() const { return policy_times_; }
  const Histogram& queue_waits(size_t api, Priority priority) const;

 private:
  std::shared_ptr<const TallyNames> names_;
  Counts requests_, upstream_requests_, unknown_operations_, unknown_fields_, limits_exceeded_,
      credentials_refused_;
  std::vector<std::unique_ptr<Histogram>> request_times_, upstream_times_, queue_waits_;
  Histogram policy_times_;
  mutable std::mutex mutex_;  // guards shadow_decisions_
  std::map<std::string, uint64_t, std::less<>> shadow_decisions_;
};

}  // namespace sluice
