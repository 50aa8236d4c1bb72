#include "proxy/http/http_server.h"

#include <array>
#include <map>

#include "config/ascii.h"
#include "proxy/http/body_framing.h"
#include "proxy/http/h1_parser.h"
#include "proxy/http/h1_writer.h"
#include "proxy/http/local_reply.h"
#include "proxy/net/listener.h"

namespace sluice {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (equals_ignoring_case(known, name)) return value;
  }
  return {};
}

namespace {

constexpr size_t kMaxBody = 16 << 20;
constexpr size_t kMaxConnections = 1024;
constexpr Millis kReadTime{30'000};   // for a whole request
constexpr Millis kIdleTime{75'000};   // between requests
constexpr Millis kWriteTime{30'000};  // for the client to take an answer
constexpr HeadLimits kLimits{};

class Server;

// One client. Reads a request, hands it over, writes the answer, in turn.
class Connection final : public Deferred, private StreamObserver, private DeadlineObserver {
 public:
  Connection(Server& server, uint64_t id, EventLoop& loop, StreamPtr stream)
      : server_(server), id_(id), loop_(loop), stream_(std::move(stream)), deadline_(*this) {
    stream_->set_observer(this);
    deadline_.set(loop_.deadlines(), kIdleTime);
  }

  void answer(const HttpResponse& response);
  void drain();

 private:
  // What is pending: octets of a head, of a body, the handler's answer, or the client taking the last octets.
  enum class Phase { kHead, kBody, kAnswer, kClosing };

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
  void refuse(Problem problem, std::string detail);
  void close_when_sent();
  void close();

  Server& server_;
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
  bool draining_ = false;
  bool reading_on_ = false;  // resume() is on the stack
};

class Server final : public HttpServer {
 public:
  Server(EventLoop& loop, HttpHandler handler) : loop_(loop), handler_(std::move(handler)) {}

  Result<void> listen(const Address& address, const TlsContext* tls) {
    // Not owned: it outlives this.
    auto opened = Listener::open(loop_, address, {std::shared_ptr<void>(), tls},
                                 [this](Accepted accepted) { accept(std::move(accepted)); });
    if (!opened) return opened.error();
    listener_ = std::move(*opened);
    port_ = listener_->port();
    return {};
  }

  uint16_t port() const override { return port_; }

  void drain() override {
    listener_.reset();
    std::vector<uint64_t> ids;
    for (const auto& [id, connection] : connections_) ids.push_back(id);
    for (const uint64_t id : ids) {
      if (const auto found = connections_.find(id); found != connections_.end()) found->second->drain();
    }
  }

  void handle(uint64_t id, const HttpRequest& request) {
    handler_(request, [this, id](const HttpResponse& response) {
      const auto found = connections_.find(id);
      if (found != connections_.end()) found->second->answer(response);
    });
  }

  void remove(uint64_t id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    loop_.destroy_later(std::move(found->second));
    connections_.erase(found);
  }

 private:
  void accept(Accepted accepted) {
    if (connections_.size() >= kMaxConnections) return;  // closes it
    const uint64_t id = next_id_++;
    connections_.emplace(id, std::make_unique<Connection>(*this, id, loop_, std::move(accepted.stream)));
  }

  EventLoop& loop_;
  HttpHandler handler_;
  std::unique_ptr<Listener> listener_;
  uint16_t port_ = 0;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::unique_ptr<Connection>> connections_;
};

void Connection::on_data(std::string_view data) {
  if (phase_ == Phase::kClosing) return;
  if (phase_ == Phase::kAnswer) {
    next_.append(data);
    if (next_.size() > kLimits.head_size) stream_->set_reading(false);
    return;
  }
  read(data);
  if (!reading_on_) resume();
}

// Takes at most one request; what follows it is kept for resume().
void Connection::read(std::string_view data) {
  if (phase_ == Phase::kHead && !read_head(data)) return;
  if (phase_ == Phase::kBody && !read_body(data)) return;
  next_.assign(data);
  hand_over();
}

// True once the head is whole.
bool Connection::read_head(std::string_view& data) {
  deadline_.set(loop_.deadlines(), kReadTime);
  const HeadReader::Step step = head_reader_.feed(data, kLimits);
  if (step.state == HeadReader::State::kNeedMore) return false;
  HeadError error = step.error;
  if (step.state == HeadReader::State::kHead) error = parse_request_head(step.head, kLimits, head_);
  if (error != HeadError::kNone) {
    refuse(problem_of(error), std::string(head_.detail));
    return false;
  }
  request_ = {};
  request_.method = head_.method;
  const size_t question = head_.target.find('?');
  request_.path = head_.target.substr(0, question);
  if (question != std::string_view::npos) request_.query = head_.target.substr(question + 1);
  for (const HeaderField& field : head_.fields) request_.headers.emplace_back(field.name, field.value);
  keep_alive_ = head_.keep_alive;
  body_.start(head_.framing);
  if (head_.expects_continue && !body_.done()) stream_->write("HTTP/1.1 100 Continue\r\n\r\n");
  data.remove_prefix(step.consumed);
  head_reader_.reset();
  phase_ = Phase::kBody;
  return true;
}

// True once the body is whole.
bool Connection::read_body(std::string_view& data) {
  while (!body_.done()) {
    if (data.empty()) return false;
    const BodyDecoder::Step step = body_.feed(data);
    if (step.state == BodyDecoder::State::kBad) {
      refuse(Problem::kMalformedRequest, "the body's chunks are malformed");
      return false;
    }
    request_.body.append(step.piece);
    if (request_.body.size() > kMaxBody) {
      refuse(Problem::kBodyTooLarge, "the body is over 16 MiB");
      return false;
    }
    data.remove_prefix(step.consumed);
  }
  phase_ = Phase::kAnswer;
  return true;
}

void Connection::hand_over() {
  deadline_.clear();
  server_.handle(id_, request_);
}

void Connection::answer(const HttpResponse& response) {
  if (phase_ != Phase::kAnswer) return;
  const bool keep = keep_alive_ && !draining_;
  std::string head;
  append_status_line(head, response.status);
  for (const auto& [name, value] : response.headers) append_field(head, name, value);
  if (response.status != 204 && response.status != 304)
    append_field(head, "Content-Length", response.body.size());
  if (!keep) append_field(head, "Connection", "close");
  head += "\r\n";
  const bool to_head = request_.method == "HEAD";
  const std::array<std::string_view, 2> parts{head,
                                              to_head ? std::string_view() : std::string_view(response.body)};
  stream_->write(parts);
  if (!keep) return close_when_sent();
  phase_ = Phase::kHead;
  deadline_.set(loop_.deadlines(), kIdleTime);
  stream_->set_reading(true);
  if (!reading_on_) resume();
}

// Takes up what a pipelining client has sent meanwhile. A handler that answers at once comes back to
// answer(), which then leaves the rest to this loop, so that the stack does not grow with the pipeline.
void Connection::resume() {
  reading_on_ = true;
  while (phase_ == Phase::kHead && !next_.empty()) {
    const std::string rest = std::move(next_);
    next_.clear();
    read(rest);
  }
  reading_on_ = false;
}

void Connection::refuse(Problem problem, std::string detail) {
  stream_->write(render({problem, std::move(detail), {}, {}, {}, {}}, false, false));
  close_when_sent();
}

// Lets the client read the answer before the connection goes (RFC 9112 9.6).
void Connection::close_when_sent() {
  phase_ = Phase::kClosing;
  stream_->finish_writing();
  stream_->set_reading(true);
  deadline_.set(loop_.deadlines(), kWriteTime);
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::kHead) close();
}

void Connection::on_end() {
  if (phase_ != Phase::kAnswer) return close();
  keep_alive_ = false;
}

void Connection::on_drained() {}

void Connection::on_closed(std::string_view) { close(); }

void Connection::on_deadline() { close(); }

void Connection::close() {
  phase_ = Phase::kClosing;
  stream_.reset();
  deadline_.clear();
  server_.remove(id_);
}

}  // namespace

Result<std::unique_ptr<HttpServer>> serve_http(EventLoop& loop, const Address& address, const TlsContext* tls,
                                               HttpHandler handler) {
  auto server = std::make_unique<Server>(loop, std::move(handler));
  if (const Result<void> listening = server->listen(address, tls); !listening) return listening.error();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace sluice
