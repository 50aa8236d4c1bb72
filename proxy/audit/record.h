// AuditRecord: one event as it leaves the loop: flat, no JSON. The audit thread turns it into a CloudEvent.
// Owner: moved from the exchange to the audit log. Holds no secret and no body.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/units.h"

namespace sluice {

enum class AuditType : uint8_t {
  kRequestAttempted,  // a write, durable before it is sent
  kRequestForwarded,  // the vendor answered, with whatever status
  kRequestDenied,     // by policy
  kRequestRefused,    // 401, 4xx before policy, 429
  kRequestFailed,     // allowed, but no whole answer
  kPolicyReloaded,
  kPolicyRejected,
  kCredentialChanged,
  kCredentialRefused,
  kGateStarted,
  kGateStopped,
  kAuditGap,
  kLimitExceeded,     // the vendor answers 429 again and again
  kAuditCheckpoint,   // the chain's head, signed
  kWebhookSuspended,  // a webhook fails again and again, or answered 410
  kWebhookResumed,
};
inline constexpr size_t kAuditTypeCount = 16;
// "request.attempted": the event type without "io.sluice.".
std::string_view to_text(AuditType type);
std::optional<AuditType> parse_audit_type(std::string_view text);
// Whether an event of this type is about one request.
bool is_request_event(AuditType type);

// The chain's head, signed (checkpoint.h).
struct SignedHead {
  uint64_t sequence = 0;
  std::string hash;  // of that event; lower-case hexadecimal
  std::string note;
};

// A request id is a UUIDv7 as text.
struct AuditRecord {
  AuditType type = AuditType::kRequestRefused;
  std::chrono::system_clock::time_point time;  // unset: when it is submitted
  std::string request_id;
  std::string trace_id;  // 32 hexadecimal digits (W3C Trace Context); not written when there is none

  std::string client;  // empty: null in JSON, as for every text below
  std::string source_ip;
  std::string api;
  std::string operation;  // also the event's subject
  std::string access;     // read | write
  std::vector<std::string> tags;
  std::string method;
  std::string path;  // the vendor's path; the query is not recorded, its values may be personal
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::string> targets;
  std::string decision;  // allow | deny | refuse
  std::vector<std::string> rules;
  std::vector<std::string> shadow_rules;
  std::vector<std::string> unknown_fields;  // JSON Pointers; not written when there are none
  std::vector<std::pair<std::string, std::string>>
      fields;                           // of the body: JSON Pointer, the value's JSON text
  std::vector<std::string> fields_cut;  // pointers of those that are not whole
  uint64_t fields_left_out = 0;         // that were more than an event carries
  std::string reason;
  std::string policy_sha256;
  std::optional<std::array<uint8_t, 32>> body_sha256;
  std::optional<uint64_t> body_bytes;
  std::string key;  // read | full
  std::optional<int64_t> queued_ms;
  std::optional<int> status;  // the gate's own answer's status, where it answered
  std::optional<int> upstream_status;
  std::optional<int64_t> upstream_ms;
  int attempts = 0;
  std::optional<uint64_t> bytes_out;     // of the response's body, to the client
  std::optional<uint64_t> lost;          // of audit.gap: how many events could not be kept
  std::optional<SignedHead> checkpoint;  // of audit.checkpoint: signs the event before it
  std::vector<std::pair<std::string, std::string>> details;       // of events that are not about a request
  std::vector<std::pair<std::string, std::string>> json_details;  // the same, each value JSON text
  // What the spool knows of the gate from now on: kept with the event, and no part of it.
  std::vector<std::pair<std::string, std::string>> facts;

  // As new, but for the memory of its texts.
  void clear();
};

}  // namespace sluice
