// captured_fields: what a decision captured of the body, as the audit's record carries it: each value as JSON
// text, or as "hmac-sha256:" and the lower-case hex HMAC-SHA256 of that text (of all of it) under the salt.
// A text is as the event would write it: `"`, `\` and control characters escaped, nothing else.
// Thread: any. Runs only for requests of which something is captured. Source: README, "Fields of bodies in
// the audit".
#pragma once

#include "config/secret.h"
#include "policy/decision.h"
#include "proxy/audit/record.h"

namespace sluice {

void record_fields(const Decision& decision, const Secret& salt, AuditRecord& record);

}  // namespace sluice
