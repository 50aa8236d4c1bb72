// Dialer: opens a connection to a host by name, with TLS where it is wanted. Its addresses are tried in turn,
// the families alternating; the next one starts after 250 ms or as soon as one has failed, and the first
// whose handshakes are done wins (Happy Eyeballs, RFC 8305). One connection at a time. Owner: Upstream,
// HttpClient. Thread: the loop's. Fails: on_dial_failed with the last address's reason; never while dial() is
// on the stack.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/byte_stream.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/resolver.h"
#include "proxy/net/tls_context.h"

namespace sluice {

class DialObserver {
 public:
  // Connected, and with TLS verified. Set an observer before returning.
  virtual void on_dialed(StreamPtr stream) = 0;
  // `reason` is for logs: lower case, no secret.
  virtual void on_dial_failed(const std::string& reason) = 0;

 protected:
  ~DialObserver() = default;
};

// Opens a connection to one address: TcpStream::connect, or a test's own. nullptr: no resources, errno says
// which.
using Connector = std::function<StreamPtr(EventLoop&, const IpAddress&, uint16_t port)>;

struct DialTarget {
  std::string_view host;  // valid until dial() returns
  uint16_t port = 0;
  const TlsContext* tls = nullptr;  // null: without; outlives the connection
  std::string server_name;          // to verify and send as SNI
  // Why an address must not be used, or "". Empty: all may.
  std::function<std::string(const IpAddress&)> refuse_address;
};

class Dialer final : private DeadlineObserver {
 public:
  Dialer(EventLoop& loop, Resolver& resolver, const Connector& connector, DialObserver& observer);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // Exactly one call back follows, within `patience`, unless cancel() comes first.
  void dial(DialTarget target, Millis patience);
  void cancel();

 private:
  class Attempt;
  friend class Attempt;

  void on_deadline() override;
  void on_resolved(const Result<std::vector<IpAddress>>& addresses);
  void start_next();
  void set_deadline();
  void won(Attempt& attempt);
  void lost(Attempt& attempt, std::string_view reason);
  void end_with(std::string reason);

  EventLoop& loop_;
  Resolver& resolver_;
  const Connector& connector_;
  DialObserver& observer_;
  DialTarget target_;
  Deadline deadline_;  // the next attempt, or the end of patience
  Millis give_up_{0};
  uint64_t lookup_ = 0;
  std::vector<IpAddress> addresses_;  // still to try, last first
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::string reason_;    // of the last failure
  bool in_dial_ = false;  // dial() is on the stack
  bool failed_ = false;   // and the failure waits to be told
};

}  // namespace sluice
