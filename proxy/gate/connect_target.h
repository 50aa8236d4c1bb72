// connect_target: the target of CONNECT (RFC 9112 3.2.3), and the hosts that are compared with it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/connect_hosts.h"
#include "config/result.h"

namespace sluice {

struct ConnectTarget {
  std::string host;  // as in ConnectHost
  uint16_t port = 0;
};

// "host:port" in authority-form: a name, an IPv4 address or an IPv6 address in brackets, and a port from 1 to
// 65535. A final dot of a name says nothing. The error says what is wrong, and quotes nothing.
Result<ConnectTarget> parse_connect_target(std::string_view target);

// Whether a Host field names the place. RFC 9110 7.2: the port may be left out.
bool names_place(std::string_view host_field, std::string_view host, uint16_t port);

// nullptr: not one of them.
const ConnectHost* find_place(const std::vector<ConnectHost>& hosts, std::string_view host, uint16_t port);

}  // namespace sluice
