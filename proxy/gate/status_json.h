// status_json: /status as JSON (README.md of proxy/admin has the fields). Pure. Text that is not UTF-8 comes
// out with U+FFFD in its place.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "proxy/admin/admin.h"
#include "proxy/admin/outcomes.h"
#include "proxy/audit/audit_log.h"
#include "proxy/gate/capacity.h"
#include "proxy/gate/reloader.h"
#include "proxy/gate/worker.h"
#include "proxy/pacing/shared_limits.h"

namespace sluice {

struct ApiStatus {
  std::string name, upstream;
  RateLimit limit;
  const Credential* credential = nullptr;  // of the snapshot; may be null
  Capacity capacity;
  WorkerFigures::Vendor connections;
};

struct AuditStatus {
  bool usable = true;
  std::string trouble;
  uint64_t last_sequence = 0;
  CheckpointState checkpoints;
  std::vector<WebhookState> webhooks;
};

struct GateStatus {
  std::string instance;
  std::chrono::system_clock::time_point time, started;
  int64_t uptime_seconds = 0;
  bool draining = false;
  std::vector<PartState> parts;
  std::string policy_file, policy_sha256;
  size_t policy_rules = 0;
  std::chrono::system_clock::time_point policy_since;
  ReloadState reload;
  size_t workers = 0;
  int64_t connections = 0;
  OutcomeCounts requests;
  std::map<std::string, uint64_t> shadow;  // by rule
  std::vector<ApiStatus> apis;
  const SharedLimitsState* limits = nullptr;  // null: this process has the limits for itself
  AuditStatus audit;
  std::vector<Denial> denials;  // oldest first
};

std::string status_json(const GateStatus& status, const StatusForm& form);

}  // namespace sluice
