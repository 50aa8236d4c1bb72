// chain: each event names the SHA-256 of the one before, over the bytes that the spool keeps, so that an edit
// shows. The first event of a spool names 64 zeros. ChainWriter makes events; ChainChecker checks them. Pure
// values; one thread each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/result.h"
#include "proxy/audit/record.h"
#include "proxy/json_text.h"

namespace sluice {

// Where a chain ends. The first state is that of an empty spool.
struct ChainHead {
  uint64_t sequence = 0;
  std::string hash = std::string(64, '0');  // of the last event; lower-case hexadecimal
  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

// One event as the spool keeps it.
struct StoredEvent {
  uint64_t sequence = 0;
  std::string id;  // the CloudEvent's, which is also the webhook-id
  AuditType type = AuditType::kAuditGap;
  int64_t time_ms = 0;     // Unix time
  std::string request_id;  // of a write, set when it is written; not read back
  std::string body;        // the JSON, never changed
};

std::string event_hash(std::string_view body);

// Copy it, append to the copy, and take the copy over once its events are committed.
class ChainWriter {
 public:
  ChainWriter(std::string source, ChainHead head) : source_(std::move(source)), head_(std::move(head)) {}
  const ChainHead& head() const { return head_; }
  StoredEvent append(const AuditRecord& record, std::string_view id);
  // The same into an event that keeps its memory; `scratch` too.
  void append(const AuditRecord& record, std::string_view id, JsonText& scratch, StoredEvent& event);
  // Closes a request left open: `attempted` is the body of its request.attempted.
  std::optional<StoredEvent> append_unknown_outcome(const std::string& request_id,
                                                    std::string_view attempted);

 private:
  void link(const StoredEvent& event);

  std::string source_;
  ChainHead head_;
};

// Takes events in their order; the first one is the anchor unless it is number 1.
class ChainChecker {
 public:
  Result<void> check(uint64_t sequence, std::string_view body);
  // Where the chain has to end: the head that the spool keeps beside it.
  Result<void> check_end(const ChainHead& head) const;

 private:
  std::optional<ChainHead> last_;
};

}  // namespace sluice
