// gate_changes: the events that say what of the gate is another than before: at a start, compared with what
// the spool was last told, and at a reload. Pure; any thread. Fails: what cannot be read of the spool's facts
// is said in gate.started, and nothing is compared with it.
#pragma once

#include <vector>

#include "proxy/audit/audit_log.h"
#include "proxy/gate/gate_facts.h"
#include "proxy/gate/serving.h"

namespace sluice {

// The events that say what changed: one policy.reloaded for configuration, policy and certificates, and a
// credential.changed for each place of a secret. For a start, and for a reload: whoever submits them puts
// to_facts(now) into the last record. `serving` is what `now` was made of.
std::vector<AuditRecord> changes_since(const GateFacts& before, const GateFacts& now, const Serving& serving);

// gate.started, and what changed since the spool was last told. `serving` must live until it is called.
StartReport start_report(const Serving& serving, GateFacts now);

}  // namespace sluice
