// Outcomes: what the audit's records add up to since the start: how requests ended, which shadow rules would
// have decided, and the latest that were not let through. Filled where records pass on their way to the spool
// (the audit's thread), so that the request path pays nothing and a spool that cannot be written hides
// nothing. Owner: the gate; outlives the audit. Thread: any. Memory is bounded.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "proxy/admin/latest_denials.h"
#include "proxy/audit/audit_log.h"

namespace sluice {

struct OutcomeCounts {
  uint64_t allow = 0;   // the vendor has answered
  uint64_t deny = 0;    // by policy
  uint64_t refuse = 0;  // before policy, or without a turn
  uint64_t failed = 0;  // allowed, and no whole answer
};

class Outcomes final : public RecordObserver {
 public:
  explicit Outcomes(int64_t start_ms) : latest_(start_ms) {}

  void on_record(const AuditRecord& record) override;

  OutcomeCounts counts() const;
  // By rule; the first 1,000 rules that there were.
  std::map<std::string, uint64_t> shadow() const;
  const LatestDenials& latest() const { return latest_; }

 private:
  std::array<std::atomic<uint64_t>, kAuditTypeCount> by_type_{};
  mutable std::mutex mutex_;  // guards shadow_
  std::map<std::string, uint64_t, std::less<>> shadow_;
  LatestDenials latest_;
};

}  // namespace sluice
