// spool_rows: what a spool keeps beside its events. Pure values.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "proxy/audit/record.h"

namespace sluice {

// How far a webhook is. What it acknowledged it has seen; events that it does not want count as acknowledged.
struct WebhookRow {
  std::string name;
  std::string url_sha256;      // of its whole URL, which may itself be a secret
  uint64_t acked = 0;          // sequence
  uint64_t batch_through = 0;  // the last event of the batch under way, which is sent again as it was; or 0
  bool disabled = false;       // by 410, until its URL changes
  int64_t not_before_ms = 0;   // Unix time that a Retry-After named
};

// An event and its columns as the spool has them, unchecked.
struct StoredRow {
  int64_t sequence = 0;
  std::string id;
  std::string type;
  int64_t time_ms = 0;
  std::string body;
};

// An event that a webhook refused for good. A copy: the event itself may go.
struct DeadLetter {
  std::string webhook;
  uint64_t sequence = 0;
  int64_t time_ms = 0;  // Unix time of the refusal
  std::string reason;
  std::string body;
};

// A write that was attempted and has no outcome yet.
struct OpenRequest {
  std::string request_id;
  std::string attempted;  // the body of its request.attempted: a copy, the event itself may have gone
};

// What the gate knew when it last said so, by name: to report what changed while it did not run.
struct Fact {
  std::string name;
  std::string value;
};

using TypeCounts = std::array<uint64_t, kAuditTypeCount>;

}  // namespace sluice
