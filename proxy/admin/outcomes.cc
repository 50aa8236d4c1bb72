#include "proxy/admin/outcomes.h"

namespace sluice {
namespace {

constexpr size_t kMostRules = 1'000;  // more than a policy has; reloads may bring others

}  // namespace

void Outcomes::on_record(const AuditRecord& record) {
  by_type_[static_cast<size_t>(record.type)].fetch_add(1, std::memory_order_relaxed);
  if (!record.shadow_rules.empty() && record.type != AuditType::kRequestAttempted) {
    const std::lock_guard lock(mutex_);
    for (const std::string& rule : record.shadow_rules)
      if (shadow_.size() < kMostRules || shadow_.contains(rule)) ++shadow_[rule];
  }
  latest_.add(record);
}

OutcomeCounts Outcomes::counts() const {
  const auto of = [this](AuditType type) {
    return by_type_[static_cast<size_t>(type)].load(std::memory_order_relaxed);
  };
  return {of(AuditType::kRequestForwarded), of(AuditType::kRequestDenied), of(AuditType::kRequestRefused),
          of(AuditType::kRequestFailed)};
}

std::map<std::string, uint64_t> Outcomes::shadow() const {
  const std::lock_guard lock(mutex_);
  return {shadow_.begin(), shadow_.end()};
}

}  // namespace sluice
