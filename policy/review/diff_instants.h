// diff_instants: representative times of request and addresses of clients: one for each combination of the
// windows, and of the networks, that some rules name. Complete: windows change at their edges only, networks
// at their ends only. Pure; any thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "config/ip.h"
#include "policy/time_window.h"

namespace sluice {

using Instant = std::chrono::system_clock::time_point;

struct InstantWitnesses {
  std::vector<Instant> all;
  std::string gap;  // not empty: why some combination may be missing
};

InstantWitnesses find_instants(const std::vector<const TimeWindow*>& windows);
// The first is 127.0.0.1 where that stands for something.
std::vector<IpAddress> find_addresses(const std::vector<const Cidr*>& networks);

// For requests when no rule looks at the time.
Instant any_instant();
// RFC 3339, in UTC.
std::string rfc3339_text(Instant at);

}  // namespace sluice
