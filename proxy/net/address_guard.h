// address_guard: which addresses the gate itself may connect to for webhooks and keys of JWTs (interface
// 2.5). Link-local and cloud metadata
// never; with `public_only` nothing that is not a public unicast address. An IPv4 address inside an IPv6 one
// (mapped, NAT64, 6to4, compatible) counts as itself. Pure; any thread.
#pragma once

#include <string>

#include "config/ip.h"

namespace sluice {

// Why it must not be connected to, or "".
std::string refuse_address(const IpAddress& address, bool public_only);

}  // namespace sluice
