// Spool: the audit events on disk, to write: SQLite in WAL mode, one such connection and any number of
// SpoolReaders. Each apply(), and each begin() to commit(), is one transaction: all of it is kept, or
// nothing. Owner and thread: the audit thread's (the opener's before it starts). Fails: every call says why.
// After a failed write the Spool must be destroyed and opened anew: an fsync that failed must not be tried
// again on the same pages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/audit/chain.h"
#include "proxy/audit/spool_rows.h"

namespace sluice {

struct SpoolChange {
  std::vector<StoredEvent> events;              // request.attempted opens its request, an outcome closes it
  ChainHead head;                               // after them
  std::vector<std::string> forgotten_webhooks;  // with their dead letters, before the next are put
  std::vector<WebhookRow> webhooks;             // put
  std::vector<DeadLetter> dead_letters;         // put
  std::vector<Fact> facts;                      // put
  uint64_t remove_through = 0;                  // removes the events up to this one
};

// What to look at when opening. kAll: the pages (up to 256 MiB), the head, and the chain of the last 1,000
// events.
enum class SpoolCheck { kAll, kHead };

class Spool {
 public:
  // Makes the file (0600) when there is none or it is empty. Anything that is not a whole spool of this
  // version is refused and left as it is; `damaged` (may be null) says whether it is a spool nevertheless,
  // that others or a disk have changed. Requires: a SpoolLock.
  static Result<std::unique_ptr<Spool>> open(const std::string& path, Durability durability, SpoolCheck check,
                                             bool* damaged = nullptr);
  ~Spool();

  const ChainHead& head() const;
  const std::string& id() const;  // a UUIDv7, made with the file
  // Whether opening brought everything committed into the main file, and onto the disk.
  bool flushed() const;
  // Whether its path still leads to the file that is open: SQLite would write on into a removed one.
  bool in_place() const;
  Result<void> apply(const SpoolChange& change);
  // The same in steps, for events that are not all there at once: put() until all are in, then the rest of
  // the change. A multiple of kRowsAtOnce costs least.
  static constexpr size_t kRowsAtOnce = 16;
  Result<void> begin();
  Result<void> put(std::span<const StoredEvent> events);
  Result<void> commit(const SpoolChange& rest);
  Result<std::vector<WebhookRow>> webhooks();
  Result<std::vector<OpenRequest>> open_requests();
  Result<std::optional<std::string>> fact(std::string_view name);

  // Octets in use; freed pages do not count, for they are used again.
  Result<uint64_t> used_bytes();
  // The sequence up to which events may go, of the oldest `limit`, at most `through`, older than `before_ms`;
  // or 0.
  Result<uint64_t> removable(uint64_t through, int64_t before_ms, uint64_t limit);
  // Events by type with after < sequence <= through.
  Result<TypeCounts> count(uint64_t after, uint64_t through);
  // The audit.gap events with after < sequence <= through.
  Result<std::vector<StoredEvent>> gaps(uint64_t after, uint64_t through);
  // Removes up to `limit` dead letters, the oldest, of before `before_ms`; how many. A transaction of its
  // own.
  Result<uint64_t> remove_dead_letters(int64_t before_ms, uint64_t limit);
  // Moves the log into the main file when it has grown over 4 MiB. Between commits only.
  Result<void> checkpoint_if_long();

 private:
  struct Impl;
  explicit Spool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
