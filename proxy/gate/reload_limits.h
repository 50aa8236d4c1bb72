// reload_limits: what a reload cannot change, and how a rejected one is told to the audit. Pure; any thread.
#pragma once

#include "config/finding.h"
#include "config/model.h"
#include "proxy/audit/record.h"

namespace sluice {

// An error for each key that only a restart takes up.
void add_unchangeable(const Config& before, const Config& now, Findings& findings);

// policy.rejected. `policy_sha256` is of the policy that stays.
AuditRecord reload_rejected(const Findings& findings, const std::string& policy_sha256);

}  // namespace sluice
