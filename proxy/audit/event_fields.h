// event_fields: what a verifier reads of a stored event. The event may be hostile: anything but one JSON
// object in UTF-8 with the members that every event has (interface 6) is refused, however deep it is. Pure;
// costs about 3 us.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit/record.h"

namespace sluice {

struct EventFields {
  std::string id;
  std::string type;  // with "io.sluice."
  std::string time;
  uint64_t sequence = 0;
  std::string previous;
  std::string spool;           // of gate.started, or ""
  std::string checkpoint_key;  // of gate.started, or ""
  std::optional<SignedHead> checkpoint;
};

std::optional<EventFields> read_event_fields(std::string_view event);

// Unix time of an event's `time`: RFC 3339 in UTC with milliseconds, as format_time writes it, and nothing
// else.
std::optional<int64_t> event_time_ms(std::string_view time);

}  // namespace sluice
