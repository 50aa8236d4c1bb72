// policy_change: policy.reloaded, the event that says that the policy or a catalogue is another, and what
// that changes for whom (policy/review/diff), in short. Pure; any thread. Costs what the comparison costs:
// milliseconds for a policy of some hundred rules, and two seconds at most: what was not compared by then
// counts as unknown. Beyond kMostCompared it says how to see it instead.
#pragma once

#include <string>

#include "proxy/audit/record.h"
#include "proxy/gate/serving.h"

namespace sluice {

struct PolicyBefore {
  const std::string& sha256;  // of policy and catalogues
  const std::string& text;    // "" when it is not known
};

// Rules of both policies together, times clients: what is compared while a gate starts.
constexpr size_t kMostCompared = 200'000;

// Compares under the configuration and the catalogues of `now`.
AuditRecord policy_changed(const PolicyBefore& before, const Serving& now);

}  // namespace sluice
