// connect_hosts: which API each host and port means on the `connect` listener (interface 2.6). Of each API
// these are `hosts`, the host of `upstream` and `upstream_tls.server_name`, on port 443 and on the upstream's
// own. Pure; it never fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/model.h"

namespace sluice {

struct ConnectHost {
  std::string host;  // lower case; an IP address in its shortest form, without brackets
  uint16_t port = 443;
  size_t api = 0;  // index into Config::apis
  bool has_base_path =
      true;  // paths begin with the upstream's own; false for a name of `hosts`, as everywhere
};

struct ConnectHosts {
  std::vector<ConnectHost> hosts;
  std::vector<ConnectHost> ambiguous;  // would mean this API and an earlier one, so they mean none
};

// A port as an API writes it wins over one that is derived, and `hosts` over both.
ConnectHosts connect_hosts(const std::vector<ApiConfig>& apis);

}  // namespace sluice
