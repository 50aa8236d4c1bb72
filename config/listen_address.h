// Address: where a listener listens. Owner: the Config that holds it; immutable once read.
#pragma once

#include <cstdint>
#include <string>

#include "config/finding.h"

namespace sluice {

// host:port, [v6]:port, unix:PATH, or systemd:NAME.
struct Address {
  std::string host;       // without brackets; empty for a unix socket
  uint16_t port = 0;      // 0: the system chooses one, printed at start
  std::string unix_path;  // not empty: a unix socket
  Position at;
  std::string passed_name{};  // not empty: the socket of this name that the service manager passes
  // Where it is named does not matter.
  bool operator==(const Address& other) const {
    return host == other.host && port == other.port && unix_path == other.unix_path &&
           passed_name == other.passed_name;
  }
};

}  // namespace sluice
