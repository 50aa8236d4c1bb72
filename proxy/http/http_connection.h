// HttpConnection: one client of an HttpServer. Reads a request, hands it over, writes the answer, in turn; an
// answer that goes on ends the connection. What a client does not take is bounded: nothing more is read from
// it meanwhile. Owner: its server. Thread: the loop's.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/http/body_framing.h"
#include "proxy/http/h1_parser.h"
#include "proxy/http/http_server.h"
#include "proxy/http/local_reply.h"
#include "proxy/net/byte_stream.h"

namespace sluice {

class HttpConnectionOwner {
 public:
  // HttpConnection::answer or answer_on follows, now or later.
  virtual void handle(uint64_t id, const HttpRequest& request) = 0;
  // To be destroyed in a later turn: it is on the stack.
  virtual void remove(uint64_t id) = 0;

 protected:
  ~HttpConnectionOwner() = default;
};

class HttpConnection final : public Deferred, private StreamObserver, private DeadlineObserver {
 public:
  HttpConnection(HttpConnectionOwner& owner, uint64_t id, EventLoop& loop, StreamPtr stream);

  void answer(const HttpResponse& response);
  // The head of an answer that goes on. False: it is whole, as the request was HEAD, or nobody waits for it.
  bool begin_answer(const HttpResponse& response);
  void write_piece(std::string_view piece);
  // Lets the client have the rest if there is none, and cuts the connection otherwise.
  void end_answer();
  size_t unsent() const { return stream_ != nullptr ? stream_->unsent() : 0; }
  void drain();

 private:
  // What is pending: octets of a head, of a body, the handler's answer, the rest of it, or the client taking
  // the last octets.
  enum class Phase : uint8_t { kHead, kBody, kAnswer, kAnswering, kClosing };

  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(std::string_view reason) override;
  void on_deadline() override;

  void read(std::string_view data);
  bool read_head(std::string_view& data);
  bool read_body(std::string_view& data);
  void hand_over();
  void resume();
  bool has_room() const;
  void refuse(Problem problem, std::string detail);
  void close_when_sent();
  void close();

  HttpConnectionOwner& owner_;
  uint64_t id_;
  EventLoop& loop_;
  StreamPtr stream_;
  Deadline deadline_;
  Phase phase_ = Phase::kHead;
  HeadReader head_reader_;
  BodyDecoder body_;
  RequestHead head_;
  HttpRequest request_;
  std::string next_;  // octets of requests to come
  bool keep_alive_ = true;
  bool chunked_ = false;  // the answer that goes on is
  bool draining_ = false;
  bool reading_on_ = false;  // resume() is on the stack
};

}  // namespace sluice
