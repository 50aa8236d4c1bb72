// event_source: who an event is from: "/sluice/HOST", with what may not stand in a URI reference as '-'. Pure
// but for the host's name; any thread.
#pragma once

#include <string>

namespace sluice {

std::string event_source();
// The part after "/sluice/".
std::string event_origin();

}  // namespace sluice
