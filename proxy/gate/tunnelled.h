// tunnelled: the tunnel that a connection came through, and which API a request is for, in a tunnel or not.
// It is looked up in the snapshot that serves the request, so that a reload counts for open tunnels too.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/gate/proxy_authorization.h"
#include "proxy/gate/routing.h"
#include "proxy/gate/serving.h"
#include "proxy/http/h1_parser.h"
#include "proxy/http/local_reply.h"

namespace sluice {

// A tunnel, as CONNECT has asked for it.
struct Tunnelled {
  std::string host;  // as in ConnectHost
  uint16_t port = 443;
  ProxyCredential opener;  // not given: each request names its client
};

struct Reached {
  std::optional<Route> route;
  Problem problem = Problem::kUnknownApi;  // without a route
  std::string_view why;                    // static text
};

// `tunnel` may be null. In one the host of CONNECT decides, no other may be named, and paths are the vendor's
// own.
Reached reach(const Serving& serving, const Tunnelled* tunnel, const RequestHead& head);

}  // namespace sluice
