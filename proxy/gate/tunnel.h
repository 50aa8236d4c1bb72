// Tunnel: one client's connection to the `connect` listener until its TLS begins. Reads one head, bounded as
// other heads are; answers 200 and hands the connection over to the worker, as one more downstream connection
// with TLS, or answers what is wrong and closes. What came behind the head is the beginning of TLS. A refusal
// is recorded in the audit. Owner: worker. Thread: the worker's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/ip.h"
#include "proxy/gate/connect_target.h"
#include "proxy/gate/port.h"
#include "proxy/gate/proxy_authorization.h"
#include "proxy/gate/tunnelled.h"
#include "proxy/http/h1_parser.h"
#include "proxy/http/local_reply.h"
#include "proxy/net/byte_stream.h"
#include "proxy/net/event_loop.h"

namespace sluice {

class Worker;

class Tunnel final : public Deferred, private StreamObserver, private DeadlineObserver {
 public:
  Tunnel(Worker& worker, StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port);
  ~Tunnel() override;

  const IpAddress& peer() const { return peer_; }
  const std::shared_ptr<Port>& port() const { return port_; }

  // For the worker.
  bool draining() const { return draining_; }
  void drain();      // a head that is under way may still come
  void shut_down();  // now

 private:
  // What is pending: the head, the time until which a refusal is held back, the client's end of the
  // connection after one, or nothing.
  enum class Phase : uint8_t { kHead, kHeldBack, kClosing, kGone };
  // Why there is no tunnel, and what was asked for.
  struct Refusal {
    Problem problem = Problem::kMalformedRequest;
    std::string detail, method, target;
  };

  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(std::string_view reason) override;
  void on_deadline() override;

  void take_head(std::string_view text, std::string_view received);
  bool accept_caller(const ProxyCredential& credential, const RequestHead& head);
  void refuse_caller(AuthFailure why, const RequestHead& head);
  void open(const ConnectTarget& target, ProxyCredential opener, std::string_view received);
  void refuse(Problem problem, std::string_view detail, const RequestHead& head);
  void keep_refusal(Problem problem, std::string_view detail, const RequestHead& head);
  void answer();
  void record_refusal(const std::string& request_id);
  void leave();

  Worker& worker_;
  StreamPtr stream_;
  IpAddress peer_;
  const std::shared_ptr<Port> port_;
  Deadline deadline_;
  Phase phase_ = Phase::kHead;
  Nanos begun_;
  HeadReader head_reader_;
  Refusal refusal_;
  bool client_ended_ = false;
  bool draining_ = false;
};

}  // namespace sluice
