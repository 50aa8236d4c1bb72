#include "proxy/http/http_client.h"

#include <array>
#include <map>

#include "proxy/http/body_framing.h"
#include "proxy/http/h1_parser.h"
#include "proxy/http/h1_writer.h"
#include "proxy/net/dialer.h"
#include "proxy/net/tcp_stream.h"

namespace sluice {

namespace {

constexpr HeadLimits kLimits{};
const Connector kConnector = TcpStream::connect;

class Client final : public HttpClient,
                     private StreamObserver,
                     private DialObserver,
                     private DeadlineObserver {
 public:
  Client(EventLoop& loop, Resolver& resolver, HttpClientOptions options)
      : loop_(loop),
        options_(std::move(options)),
        dialer_(loop, resolver, kConnector, *this),
        deadline_(*this) {
    if (options_.server_name.empty()) options_.server_name = options_.origin.host;
  }

  void send(HttpCall call, std::function<void(HttpResult)> done) override;

 private:
  // What is pending: nothing, the connection with its handshake, the answer's head, its body, or
  // only the telling of a failure that came while send() was still on the stack.
  enum class Phase { kIdle, kConnecting, kHead, kBody, kReporting };

  void on_dialed(StreamPtr stream) override;
  void on_dial_failed(const std::string& reason) override { fail("cannot connect: " + reason); }
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override {}
  void on_closed(std::string_view reason) override;
  void on_deadline() override;

  void dial();
  void write_request();
  bool read_head(std::string_view& data);
  void read_body(std::string_view data);
  void lost(std::string_view reason);
  void finish(HttpResult result);
  void fail(std::string error) {
    const bool begun = phase_ == Phase::kBody || (phase_ == Phase::kHead && head_reader_.started());
    finish({std::move(error), begun, 0, {}, {}});
  }
  void refuse(std::string error) { finish({std::move(error), true, 0, {}, {}}); }

  EventLoop& loop_;
  HttpClientOptions options_;
  Dialer dialer_;
  Deadline deadline_;
  Phase phase_ = Phase::kIdle;
  StreamPtr stream_;      // kept between calls
  bool reused_ = false;   // the connection has served a call before
  bool sending_ = false;  // send() is on the stack
  HttpCall call_;
  std::function<void(HttpResult)> done_;
  Millis give_up_{0};
  HeadReader head_reader_;
  ResponseHead head_;
  BodyDecoder body_;
  HttpResult result_;
};

void Client::send(HttpCall call, std::function<void(HttpResult)> done) {
  call_ = std::move(call);
  done_ = std::move(done);
  result_ = {};
  head_reader_.reset();
  give_up_ = loop_.now() + options_.total_timeout;
  reused_ = stream_ != nullptr;
  sending_ = true;
  if (reused_) {
    write_request();
  } else {
    dial();
  }
  sending_ = false;
}

void Client::dial() {
  phase_ = Phase::kConnecting;
  dialer_.dial({options_.origin.host, options_.origin.port, options_.origin.tls ? options_.tls : nullptr,
                options_.server_name, options_.refuse_address},
               std::min(options_.connect_timeout, give_up_ - loop_.now()));
}

void Client::on_dialed(StreamPtr stream) {
  stream_ = std::move(stream);
  stream_->set_observer(this);
  write_request();
}

void Client::write_request() {
  phase_ = Phase::kHead;
  deadline_.set(loop_.deadlines(), give_up_ - loop_.now());
  std::string head = call_.method + " " + call_.target + " HTTP/1.1\r\n";
  append_field(head, "Host", options_.origin.authority);
  for (const auto& [name, value] : call_.headers) append_field(head, name, value);
  append_field(head, "Content-Length", call_.body.size());
  head += "\r\n";
  const std::array<std::string_view, 2> parts{head, call_.body};
  stream_->write(parts);
}

void Client::on_data(std::string_view data) {
  if (phase_ == Phase::kIdle) {  // nobody asked: the connection is of no more use
    stream_.reset();
    return;
  }
  while (phase_ == Phase::kHead) {
    if (!read_head(data)) return;
  }
  if (phase_ == Phase::kBody) read_body(data);
}

// True once a head is whole; an interim one leaves the phase as it is.
bool Client::read_head(std::string_view& data) {
  const HeadReader::Step step = head_reader_.feed(data, kLimits);
  if (step.state == HeadReader::State::kNeedMore) return false;
  if (step.state == HeadReader::State::kBad ||
      parse_response_head(step.head, kLimits, call_.method == "HEAD", head_) != HeadError::kNone) {
    refuse("the answer is not http");
    return false;
  }
  result_.status = head_.status;
  result_.headers.clear();
  for (const HeaderField& field : head_.fields) {
    std::string name(field.name);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    result_.headers.emplace_back(std::move(name), field.value);
  }
  body_.start(head_.framing);
  data.remove_prefix(step.consumed);
  head_reader_.reset();
  if (head_.status == 101) {
    refuse("the answer is not http");
    return false;
  }
  if (head_.status >= 200) phase_ = Phase::kBody;
  return true;
}

void Client::read_body(std::string_view data) {
  while (!body_.done() && !data.empty()) {
    const BodyDecoder::Step step = body_.feed(data);
    if (step.state == BodyDecoder::State::kBad) return fail("the answer's chunks are malformed");
    result_.body.append(step.piece);
    if (result_.body.size() > options_.response_cap.count) {
      return fail("the answer is over " + format_size(options_.response_cap));
    }
    data.remove_prefix(step.consumed);
  }
  if (!body_.done()) return;
  if (!data.empty() || !head_.keep_alive) stream_.reset();
  finish(std::move(result_));
}

void Client::on_end() { lost("the connection was closed before the answer was whole"); }

void Client::on_closed(std::string_view reason) { lost(reason); }

void Client::lost(std::string_view reason) {
  const std::string why(reason);
  stream_.reset();
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kConnecting:
    case Phase::kReporting: return;
    case Phase::kHead:
      // A kept connection that the peer closed meanwhile: once more on a new one.
      if (reused_ && !head_reader_.started()) {
        reused_ = false;
        return dial();
      }
      return fail(why);
    case Phase::kBody:
      if (body_.whole_at_end()) return finish(std::move(result_));
      return fail(why);
  }
}

void Client::on_deadline() {
  if (phase_ == Phase::kReporting) return finish(std::move(result_));
  fail("no answer in time");
}

// Notifies last: `done_` may send again or destroy this.
void Client::finish(HttpResult result) {
  if (!result.error.empty()) stream_.reset();
  dialer_.cancel();
  if (sending_) {
    result_ = std::move(result);
    phase_ = Phase::kReporting;
    deadline_.set(loop_.deadlines(), Millis(0));
    return;
  }
  phase_ = Phase::kIdle;
  deadline_.clear();
  const auto done = std::move(done_);
  done(std::move(result));
}

}  // namespace

std::unique_ptr<HttpClient> make_http_client(EventLoop& loop, Resolver& resolver, HttpClientOptions options) {
  return std::make_unique<Client>(loop, resolver, std::move(options));
}

}  // namespace sluice
