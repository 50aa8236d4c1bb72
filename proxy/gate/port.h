// Port: one listener of one worker, and how many connections have come by it. Owner: the worker and those
// connections. Thread: the worker's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/model.h"
#include "proxy/net/listener.h"

namespace sluice {

struct Port {
  ListenConfig config;
  std::string name;                         // its address; stays when the listener has closed
  std::unique_ptr<Listener> listener;       // null: closed
  std::shared_ptr<const TlsContext> tls{};  // of the connections to come
  int64_t connections = 0;                  // open
};

// For logs.
inline std::string_view role_of(const ListenConfig& listener) {
  return listener.connects ? "connect" : "data";
}

}  // namespace sluice
