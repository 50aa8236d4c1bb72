// Spool: the audit events on disk: SQLite in WAL mode, one writer connection and any number of readers.
// The only code that speaks SQLite. Each apply(), and each begin() to commit(), is one transaction: all of it
// is kept, or nothing.
// Owner and thread: a Spool is the audit thread's (the opener's before it starts); a SpoolReader is its
// opener's. Fails: every call says why. After a failed write the Spool must be destroyed and opened anew: an
// fsync that failed must not be tried again on the same pages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/audit/chain.h"

namespace sluice {

// How far a webhook is. What it acknowledged it has seen; events that it does not want count as acknowledged.
struct WebhookRow {
  std::string name;
  std::string url_sha256;     // of its whole URL, which may itself be a secret
  uint64_t acked = 0;         // sequence
  bool disabled = false;      // by 410, until its URL changes
  int64_t not_before_ms = 0;  // Unix time that a Retry-After named
};

// A write that was attempted and has no outcome yet.
struct OpenRequest {
  std::string request_id;
  std::string attempted;  // the body of its request.attempted: a copy, the event itself may have gone
};

using TypeCounts = std::array<uint64_t, kAuditTypeCount>;

struct SpoolChange {
  std::vector<StoredEvent> events;   // request.attempted opens its request, an outcome closes it
  ChainHead head;                    // after them
  std::vector<WebhookRow> webhooks;  // put
  std::vector<std::string> forgotten_webhooks;
  uint64_t remove_through = 0;  // removes the events up to this one
};

// What to look at when opening. kAll: the pages (up to 256 MiB), the head, and the chain of the last 1,000
// events.
enum class SpoolCheck { kAll, kHead };

class Spool {
 public:
  // Makes the file (0600) when there is none or it is empty. Anything that is not a whole spool of this
  // version is refused and left as it is. Requires: a SpoolLock.
  static Result<std::unique_ptr<Spool>> open(const std::string& path, Durability durability,
                                             SpoolCheck check);
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

  // Octets in use; freed pages do not count, for they are used again.
  Result<uint64_t> used_bytes();
  // The sequence up to which events may go, of the oldest `limit`, at most `through`, older than `before_ms`;
  // or 0.
  Result<uint64_t> removable(uint64_t through, int64_t before_ms, uint64_t limit);
  // Events by type with after < sequence <= through.
  Result<TypeCounts> count(uint64_t after, uint64_t through);
  // The audit.gap events with after < sequence <= through.
  Result<std::vector<StoredEvent>> gaps(uint64_t after, uint64_t through);
  // Moves the log into the main file when it has grown over 4 MiB. Between commits only.
  Result<void> checkpoint_if_long();

 private:
  struct Impl;
  explicit Spool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads beside a running gate, or without one. Holds no transaction between calls.
class SpoolReader {
 public:
  static Result<std::unique_ptr<SpoolReader>> open(const std::string& path);
  ~SpoolReader();
  // Up to `limit` events after a sequence, in order.
  Result<std::vector<StoredEvent>> read(uint64_t after, uint64_t limit);
  Result<TypeCounts> count(uint64_t after, uint64_t through);
  Result<ChainHead> head();
  Result<std::vector<WebhookRow>> webhooks();

 private:
  struct Impl;
  explicit SpoolReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
