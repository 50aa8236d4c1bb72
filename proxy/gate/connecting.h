// Connecting: what the `connect` listener is served by: which API each host means, and the authority that
// issues the certificates. Owner: a serving snapshot. Thread: any.
#pragma once

#include <memory>
#include <vector>

#include "config/connect_hosts.h"
#include "config/model.h"
#include "config/result.h"
#include "proxy/net/tls_issuer.h"

namespace sluice {

struct Connecting {
  std::vector<ConnectHost> hosts;
  std::shared_ptr<TlsIssuer> issuer;
};

// Reads the authority, unless it is as `before`, which may be null. What it cannot certify is logged.
// Requires: the configuration has `connect`.
Result<Connecting> make_connecting(const Config& config, const Connecting* before);

}  // namespace sluice
