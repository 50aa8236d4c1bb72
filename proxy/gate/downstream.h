// Downstream: one client's connection. Finds requests in its octets, hands them to an exchange one at a time
// and in order, and writes the answers. Slow clients meet deadlines; what a pipelining client sends early is
// bounded. An idle one holds neither an exchange nor a buffer. Owner: worker. Thread: the worker's.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/gate/exchange.h"
#include "proxy/gate/port.h"
#include "proxy/gate/tunnelled.h"
#include "proxy/http/body_framing.h"
#include "proxy/http/h1_parser.h"
#include "proxy/http/local_reply.h"
#include "proxy/net/byte_stream.h"
#include "proxy/net/event_loop.h"

namespace sluice {

class Downstream final : public Deferred, private StreamObserver, private DeadlineObserver {
 public:
  // `tunnelled`: it came through a tunnel, and TLS begins now.
  Downstream(Worker& worker, StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port,
             std::unique_ptr<const Tunnelled> tunnelled = nullptr);

  const IpAddress& peer() const { return peer_; }
  const std::string& peer_text() const { return peer_text_; }
  const std::shared_ptr<Port>& port() const { return port_; }
  // The tunnel that it came through, or null.
  const Tunnelled* tunnelled() const { return tunnelled_.get(); }

  // For the exchange.
  const ByteStream& stream() const { return *stream_; }
  void write(std::span<const std::string_view> parts);
  size_t unsent() const { return stream_ != nullptr ? stream_->unsent() : 0; }
  // Whether pieces of the request's body are wanted now.
  void want_body(bool wanted);
  // The exchange has begun to wait for its turn. May end it, with its client.
  void exchange_waits();
  // The answer is written. `keep_alive`: another request may follow.
  void exchange_done(bool keep_alive);
  // Ends the connection at once, so that a cut answer cannot look whole.
  void abort();
  bool client_left() const { return stream_ == nullptr; }

  // For the worker.
  bool is_trusted_by(const TlsContext& tls) const {
    return stream_ == nullptr || stream_->peer_is_trusted_by(tls);
  }
  void drain();      // no further request
  void distrust();   // the same, and at once unless one is under way: its certificate is not trusted any more
  void shut_down();  // now

 private:
  // What is pending: a head (or nothing yet), the rest of a body, the exchange's answer, the rest of a body
  // that nobody wants, the client's end of the connection, or nothing: it has left and the exchange ends
  // alone.
  enum class Phase : uint8_t { kHead, kBody, kAnswer, kDiscard, kClosing, kGone };

  void on_connected() override;
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(std::string_view reason) override;
  void on_deadline() override;

  bool can_take() const;
  void take(std::string_view data);
  void take_head(std::string_view& data);
  void begin_request();
  void break_request(Problem problem, std::string_view detail);
  void take_body(std::string_view& data);
  void resume();
  void next_request();
  void wait_for_request();
  void close_when_sent();
  bool reads_on();
  void leave();

  Worker& worker_;
  StreamPtr stream_;
  IpAddress peer_;
  std::string peer_text_;
  const std::shared_ptr<Port> port_;  // by which it came
  const std::unique_ptr<const Tunnelled> tunnelled_;
  Deadline deadline_;
  Phase phase_ = Phase::kHead;
  HeadReader head_reader_;
  BodyDecoder body_;
  std::unique_ptr<Exchange> exchange_;  // while a request is under way; lent by the worker
  std::string held_;                    // octets that came before they could be taken
  uint64_t discarded_ = 0;
  int64_t requests_ = 0;  // so far
  bool body_wanted_ = true;
  bool connected_ = false;     // its TLS, if it has some
  bool taking_ = false;        // take() is on the stack
  bool last_request_ = false;  // no other follows: draining, or the client has said so
  bool client_ended_ = false;  // its side: what it has sent before is answered
  uint64_t written_ = 0;       // octets, sent or not
  uint64_t taken_ = 0;         // of them by the client, when reads_on() was asked last
};

}  // namespace sluice
