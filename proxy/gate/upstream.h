// Upstream: one connection to a vendor, and the answer being read from it. Kept by the pool between requests.
// Owner: the pool. Thread: its worker's.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "proxy/gate/serving.h"
#include "proxy/http/body_framing.h"
#include "proxy/http/h1_parser.h"
#include "proxy/net/byte_stream.h"
#include "proxy/net/dialer.h"
#include "proxy/net/event_loop.h"

namespace sluice {

enum class UpstreamFailure : uint8_t {
  kUnreachable,  // no address, no connection, or no valid certificate
  kLost,         // the connection ended before the answer was whole
  kProtocol,     // the answer is not what HTTP/1.1 allows
};

// The exchange that a connection is lent to. After on_response_end and on_upstream_failed the connection is
// not its any more.
class UpstreamObserver {
 public:
  virtual void on_upstream_connected() = 0;
  // `head` is valid during the call.
  virtual void on_response_head(const ResponseHead& head) = 0;
  virtual void on_response_body(std::string_view piece) = 0;
  virtual void on_response_end() = 0;
  virtual void on_upstream_drained() = 0;
  // `reason` is for logs and the audit, static or valid during the call.
  virtual void on_upstream_failed(UpstreamFailure failure, std::string_view reason) = 0;

 protected:
  ~UpstreamObserver() = default;
};

class UpstreamPool;

class Upstream final : public Deferred,
                       private StreamObserver,
                       private DialObserver,
                       private DeadlineObserver {
 public:
  Upstream(UpstreamPool& pool, EventLoop& loop, Resolver& resolver, const Connector& connector,
           const UpstreamTarget& target);

  void lend_to(UpstreamObserver& observer) { observer_ = &observer; }
  // To whichever of the vendor's addresses answers first, with TLS, within timeouts.connect altogether.
  void connect();
  bool connected() const {
    return phase_ == Phase::kIdle || phase_ == Phase::kHead || phase_ == Phase::kBody;
  }
  // Whether it has served a request before: only then may an end without an answer be the vendor's idle
  // timeout.
  bool reused() const { return served_before_; }
  // Whether any octet of an answer has come.
  bool answer_started() const { return answer_started_; }

  // Begins a request. `whole`: nothing more of it follows. Requires: connected, idle.
  void send(std::span<const std::string_view> parts, bool to_head, bool whole);
  // Of the request just begun: the connection is closed after its answer.
  void use_no_more() { last_request_ = true; }
  // More of its body.
  void send_more(std::span<const std::string_view> parts, bool whole);
  size_t unsent() const { return stream_ != nullptr ? stream_->unsent() : 0; }
  void set_reading(bool on);

  // Idle in the pool from here on.
  void rest(Millis idle);

 private:
  friend class UpstreamPool;
  // What is pending: the connection, nothing, an answer's head, an answer's body, nothing ever again.
  enum class Phase : uint8_t { kConnecting, kIdle, kHead, kBody, kClosed };

  void on_dialed(StreamPtr stream) override;
  void on_dial_failed(const std::string& reason) override;
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(std::string_view reason) override;
  void on_deadline() override;

  bool read_head(std::string_view& data);
  void read_body(std::string_view data);
  void end_answer(bool surplus);
  void lost(std::string_view reason);
  void fail(UpstreamFailure failure, std::string_view reason);

  UpstreamPool& pool_;
  EventLoop& loop_;
  const UpstreamTarget& target_;  // the pool's
  UpstreamObserver* observer_ = nullptr;
  StreamPtr stream_;
  Dialer dialer_;
  Deadline deadline_;  // of resting in the pool; the answer's time is the exchange's
  Phase phase_ = Phase::kConnecting;
  HeadReader head_reader_;
  ResponseHead head_;
  BodyDecoder body_;
  uint32_t interim_answers_ = 0;
  bool request_whole_ = false;
  bool to_head_ = false;
  bool served_before_ = false;
  bool last_request_ = false;
  bool answer_started_ = false;
};

}  // namespace sluice
