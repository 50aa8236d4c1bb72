// event_lines: the body of a webhook delivery as one line for each event. Understands CloudEvents, alone, in
// a batch or wrapped as Splunk's collector has them; anything else is one event of which nothing is known.
// Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/simulate/answers.h"

namespace sluice {

// The events of a body: an object, the items of an array, or objects one after the other. One null for no
// JSON.
std::vector<Json> split_events(std::string_view body);

// "SEQ TYPE OPERATION CLIENT DECISION STATUS", with - for what is not there. No value can break the line.
std::string describe_event(const Json& event);

}  // namespace sluice
