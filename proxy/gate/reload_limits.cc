#include "proxy/gate/reload_limits.h"

#include <nlohmann/json.hpp>

namespace sluice {

namespace {

constexpr size_t kMostFindings = 10;  // in an event

bool same_store(const std::optional<RateLimitStoreConfig>& a, const std::optional<RateLimitStoreConfig>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->redis == b->redis && a->ca == b->ca && a->replicas == b->replicas;
}

bool same_source(const SecretRef& a, const SecretRef& b) { return a.kind == b.kind && a.name == b.name; }

}  // namespace

void add_unchangeable(const Config& before, const Config& now, Findings& findings) {
  const auto check = [&](bool same, const Position& at, const std::string& key) {
    if (same) return;
    findings.error(at.file.empty() ? Position{now.file, 0, 0} : at, "needs-restart",
                   key + ": a reload cannot change it; restart the gate, or put it back");
  };
  check(before.admin.address == now.admin.address, now.admin.address.at, "admin.address");
  check(before.workers == now.workers, {}, "workers");
  check(same_store(before.rate_limit_store, now.rate_limit_store), {}, "rate_limit_store");
  check(before.audit.spool == now.audit.spool, {}, "audit.spool");
  check(before.audit.durability == now.audit.durability, {}, "audit.durability");
  check(same_source(before.audit.checkpoint_key, now.audit.checkpoint_key), now.audit.checkpoint_key.at,
        "audit.checkpoint_key");
}

AuditRecord reload_rejected(const Findings& findings, const std::string& policy_sha256) {
  AuditRecord record;
  record.type = AuditType::kPolicyRejected;
  record.time = std::chrono::system_clock::now();
  record.policy_sha256 = policy_sha256;
  nlohmann::ordered_json texts = nlohmann::ordered_json::array();
  for (const Finding& finding : findings.all()) {
    if (finding.severity != Severity::kError) continue;
    if (record.reason.empty()) record.reason = to_text(finding);
    if (texts.size() < kMostFindings) texts.push_back(to_text(finding));
  }
  record.json_details.emplace_back(
      "findings", texts.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  return record;
}

}  // namespace sluice
