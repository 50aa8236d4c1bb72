// UpstreamUrl: an http or https URL in parts. Owner: the Config that holds it; immutable once read.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

struct UpstreamUrl {
  bool tls = true;
  std::string host;  // without brackets
  uint16_t port = 443;
  std::string path;       // "" or "/prefix" without a final slash
  std::string authority;  // what Host says: host, and the port unless it is the scheme's own
  bool operator==(const UpstreamUrl&) const = default;
};

}  // namespace sluice
