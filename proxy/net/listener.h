// Listener: one listening socket; hands over accepted connections, with TLS where it is configured.
// A port that is shared (SO_REUSEPORT) may have a listener of every worker, and of another process of the
// same user; a socket that the service manager has passed is shared too (PassedSockets). Owner: worker or
// server. Thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "config/ip.h"
#include "config/model.h"
#include "config/result.h"
#include "proxy/net/byte_stream.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/tls_context.h"

namespace sluice {

struct Accepted {
  StreamPtr stream;  // set an observer before returning; with TLS, on_connected follows after the handshake
  IpAddress peer;
};

class Listener {
 public:
  using Handler = std::function<void(Accepted)>;
  enum class PortUse : uint8_t { kAlone, kShared };

  // `tls` may be null.
  static Result<std::unique_ptr<Listener>> open(EventLoop& loop, const Address& address, PortUse use,
                                                std::shared_ptr<const TlsContext> tls, Handler handler);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Of the connections to come.
  void set_tls(std::shared_ptr<const TlsContext> tls);

  uint16_t port() const { return port_; }
  // "127.0.0.1:8080", "[::1]:8080" or "unix:/path".
  const std::string& address() const { return address_; }

 private:
  struct Socket;
  Listener() = default;

  Socket* socket_ = nullptr;  // freed by its uv close callback
  uint16_t port_ = 0;
  std::string address_;
  std::string unix_path_;  // to be removed
};

}  // namespace sluice
