// replay: sends events of a spool to one webhook once more, as its Deliverer sends them: in order, with the
// same ids and octets, signed now, in the webhook's format and after its filter. Keeps nothing: the webhook's
// own position does not move, so it may run beside a gate. Owner and thread: the caller's, which it blocks.
#pragma once

#include <functional>
#include <string>

#include "proxy/audit/delivery_target.h"
#include "proxy/audit/options.h"

namespace sluice {

struct ReplayResult {
  uint64_t deliveries = 0;  // acknowledged
  uint64_t refused = 0;     // events that the receiver will not take
  uint64_t through = 0;     // the last event that was dealt with
  std::string error;        // why it ended early: five failures in a row, or 410; or ""
  std::string last_refusal;
};

// The next events after a sequence, in order; none: that was all.
using ReplaySource = std::function<Result<std::vector<StoredEvent>>(uint64_t after)>;

// Told of each delivery that was acknowledged: how many were, and the last event that was dealt with.
using ReplayProgress = std::function<void(uint64_t deliveries, uint64_t through)>;

// `target.row.acked`: after which event to begin.
ReplayResult replay(DeliveryTarget target, ReplaySource source, const AuditOptions& options = {},
                    ReplayProgress progress = {});

}  // namespace sluice
