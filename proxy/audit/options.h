// AuditOptions: the audit's own times and bounds. Not configurable by users; tests shorten them.
#pragma once

#include <cstddef>
#include <vector>

#include "config/units.h"
#include "proxy/audit/retry.h"

namespace sluice {

struct AuditOptions {
  size_t group_limit = 1024;            // events in one transaction: at 20,000 a second they fill group_wait
  Millis group_wait{50};                // the longest that an event without a waiter waits for company
  size_t memory_limit = 10'000;         // records kept in memory; further ones are lost and counted
  Millis stuck_after{2'000};            // when no record is taken up for so long, the disk hangs
  Millis reopen_delay{250};             // between attempts to use the spool again after an error
  Millis retention_interval{10'000};    // between looks at the spool's size and age
  uint64_t checkpoint_events = 1000;    // a checkpoint after so many events,
  Millis checkpoint_interval{60'000};   // or when the first event after the last one is so old
  Bytes checkpoint_file_size = 16_MiB;  // beyond which it becomes SPOOL.checkpoints.1
  std::vector<Millis> retry_delays = default_retry_delays();  // not empty
  Millis attempt_timeout{15'000};                             // of one delivery
  Millis confirm_interval{1'000};                             // between questions whether events are indexed
  Millis confirm_timeout{120'000};                            // then they are sent again
};

}  // namespace sluice
