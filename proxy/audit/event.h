// event: an AuditRecord as a CloudEvent 1.0 in structured JSON (interface 6). Every event has every field of
// `data`, null, empty or 0 where it does not apply; `details` follow. Invalid UTF-8 becomes U+FFFD. Pure.
// write_event costs about 2,700 instructions and no allocation once its memory has grown; the others run
// seldom and allocate freely.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit/record.h"
#include "proxy/json_text.h"

namespace sluice {

// What the chain adds to a record.
struct EventStamp {
  std::string_view id;      // a UUIDv7
  std::string_view source;  // "/sluice/INSTANCE"
  uint64_t sequence = 0;
  std::string_view previous;  // of the event before: 64 hexadecimal digits
};

// Appends the event.
void write_event(JsonText& out, const AuditRecord& record, const EventStamp& stamp);
std::string make_event(const AuditRecord& record, const EventStamp& stamp);
// Appends {"sequence", "hash", "note"}: `data.checkpoint`, and a line of SPOOL.checkpoints.
void write_signed_head(JsonText& out, const SignedHead& head);

// The request.failed that closes a request which a crash left open: the fields of its request.attempted, with
// the reason "outcome unknown". nullopt when `attempted` is not an event.
std::optional<std::string> make_unknown_outcome(std::string_view attempted, const EventStamp& stamp,
                                                std::chrono::system_clock::time_point time);

// The two fields of an event that the chain consists of. nullopt when `event` is not an event.
struct EventLink {
  uint64_t sequence = 0;
  std::string previous;
};
std::optional<EventLink> read_link(std::string_view event);

// What an audit.gap says was lost, and for which webhook ("" when the spool itself could not keep it).
struct EventGap {
  std::string webhook;
  uint64_t lost = 0;
};
std::optional<EventGap> read_gap(std::string_view event);

// Unix time in milliseconds.
int64_t unix_ms(std::chrono::system_clock::time_point time);
// RFC 3339 in UTC with milliseconds.
std::string format_time(std::chrono::system_clock::time_point time);

}  // namespace sluice
