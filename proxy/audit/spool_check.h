// spool_check: runs the AuditCheck over a whole spool, beside a running gate too, or over an export of one.
// Reads in batches and holds no transaction. Owner and thread: the caller's. Fails: only when nothing can be
// checked at all; damage that is met on the way is a finding.
#pragma once

#include <functional>
#include <string>

#include "config/result.h"
#include "proxy/audit/audit_check.h"
#include "proxy/audit/spool_reader.h"

namespace sluice {

// Told now and then how far the check is: events so far, and about how many there are (0: not known).
using CheckProgress = std::function<void(uint64_t, uint64_t)>;

// `known.spool_id` is taken from the spool.
AuditReport check_spool(SpoolReader& spool, AuditCheck::Known known, const CheckProgress& progress = {});

// JSON lines as `sluice audit export` writes them, of at most 16 MiB each. `begins_at`: the sequence of the
// first; another one is a finding, as is an unfinished last line.
Result<AuditReport> check_export(const std::string& path, uint64_t begins_at, AuditCheck::Known known,
                                 const CheckProgress& progress = {});

}  // namespace sluice
