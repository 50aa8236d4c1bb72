// caller_figures: what the gate shows of those who ask: 401s by reason, and the keys of the issuers. Pure.
#pragma once

#include <vector>

#include "proxy/admin/admin.h"
#include "proxy/admin/metrics.h"
#include "proxy/gate/callers.h"

namespace sluice {

std::vector<MetricSample> caller_samples(const AuthFailureCounts& failures,
                                         const std::vector<KeySetState>& keys);
// One for each issuer, "keys:ISSUER". Without its keys the gate is ready all the same: other callers are
// served.
std::vector<PartState> key_parts(const std::vector<KeySetState>& keys);

}  // namespace sluice
