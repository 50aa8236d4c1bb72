// spool_opening: the spool that a gate begins to write, and what became of the one before it, if that is not
// the same: evidence is never overwritten, and that it is missing is said. Owner and thread: the opener's.
// Fails: with the reason why the gate cannot start.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/audit/spool.h"

namespace sluice {

// For an audit.gap; no reason: there is nothing to say.
struct SpoolBefore {
  std::string reason;
  std::vector<std::pair<std::string, std::string>> details;
};

struct OpenedSpool {
  std::unique_ptr<Spool> spool;
  SpoolBefore before;
};

// A damaged spool is set aside as it is, and a new one begun. A new one beside the checkpoints of another
// says which one is gone, and how far that was signed. Requires: the SpoolLock.
Result<OpenedSpool> open_spool_to_write(const AuditConfig& config);

}  // namespace sluice
