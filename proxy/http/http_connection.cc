#include "proxy/http/http_connection.h"

#include <array>

#include "proxy/http/h1_writer.h"

namespace sluice {
namespace {

constexpr size_t kMaxBody = 16 << 20;
constexpr size_t kMostUnsent = 256 << 10;  // beyond it the next request is not looked at
constexpr size_t kSendBuffer = 64 << 10;   // so that unsent() shows who does not take what goes on
constexpr Millis kReadTime{30'000};        // for a whole request
constexpr Millis kIdleTime{75'000};        // between requests
constexpr Millis kWriteTime{30'000};       // for the client to take an answer
constexpr HeadLimits kLimits{};

}  // namespace

HttpConnection::HttpConnection(HttpConnectionOwner& owner, uint64_t id, EventLoop& loop, StreamPtr stream)
    : owner_(owner), id_(id), loop_(loop), stream_(std::move(stream)), deadline_(*this) {
  stream_->set_observer(this);
  deadline_.set(loop_.deadlines(), kIdleTime);
}

void HttpConnection::on_data(std::string_view data) {
  if (phase_ == Phase::kClosing || phase_ == Phase::kAnswering) return;
  if (phase_ == Phase::kAnswer || (phase_ == Phase::kHead && (!next_.empty() || !has_room()))) {
    next_.append(data);
    if (next_.size() > kLimits.head_size) stream_->set_reading(false);
    return;
  }
  read(data);
  if (!reading_on_) resume();
}

// Takes at most one request; what follows it is kept for resume().
void HttpConnection::read(std::string_view data) {
  if (phase_ == Phase::kHead && !read_head(data)) return;
  if (phase_ == Phase::kBody && !read_body(data)) return;
  next_.assign(data);
  hand_over();
}

// True once the head is whole.
bool HttpConnection::read_head(std::string_view& data) {
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
bool HttpConnection::read_body(std::string_view& data) {
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

void HttpConnection::hand_over() {
  deadline_.clear();
  owner_.handle(id_, request_);
}

void HttpConnection::answer(const HttpResponse& response) {
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
  if (!reading_on_) resume();
}

bool HttpConnection::begin_answer(const HttpResponse& response) {
  if (phase_ != Phase::kAnswer) return false;
  const bool to_head = request_.method == "HEAD";
  chunked_ = head_.minor_version > 0;
  std::string head;
  append_status_line(head, response.status);
  for (const auto& [name, value] : response.headers) append_field(head, name, value);
  if (chunked_) append_field(head, "Transfer-Encoding", "chunked");
  append_field(head, "Connection", "close");
  head += "\r\n";
  stream_->write(head);
  if (to_head) {
    close_when_sent();
    return false;
  }
  stream_->bound_send_buffer(kSendBuffer);
  next_.clear();  // nothing follows
  phase_ = Phase::kAnswering;
  stream_->set_reading(true);  // to see it leave
  return true;
}

void HttpConnection::write_piece(std::string_view piece) {
  if (phase_ != Phase::kAnswering || piece.empty()) return;
  if (!chunked_) return stream_->write(piece);
  std::string size;
  append_chunk_size(size, piece.size());
  stream_->write(std::array{std::string_view(size), piece, kChunkEnd});
}

void HttpConnection::end_answer() {
  if (phase_ != Phase::kAnswering) return;
  if (stream_->unsent() > 0) return close();
  if (chunked_) stream_->write(kLastChunk);
  close_when_sent();
}

// Takes up what a pipelining client has sent meanwhile. A handler that answers at once comes back to
// answer(), which then leaves the rest to this loop, so that the stack does not grow with the pipeline.
void HttpConnection::resume() {
  reading_on_ = true;
  while (phase_ == Phase::kHead && !next_.empty() && has_room()) {
    const std::string rest = std::move(next_);
    next_.clear();
    read(rest);
  }
  reading_on_ = false;
  if (phase_ == Phase::kHead || phase_ == Phase::kBody)
    stream_->set_reading(next_.size() <= kLimits.head_size);
}

// A client that asks on and takes no answers is waited for.
bool HttpConnection::has_room() const { return stream_->unsent() <= kMostUnsent; }

void HttpConnection::refuse(Problem problem, std::string detail) {
  stream_->write(render({problem, std::move(detail), {}, {}, {}, {}}, false, false));
  close_when_sent();
}

// Lets the client read the answer before the connection goes (RFC 9112 9.6).
void HttpConnection::close_when_sent() {
  phase_ = Phase::kClosing;
  stream_->finish_writing();
  stream_->set_reading(true);
  deadline_.set(loop_.deadlines(), kWriteTime);
}

void HttpConnection::drain() {
  draining_ = true;
  if (phase_ == Phase::kHead) return close();
  if (phase_ == Phase::kAnswering) end_answer();
}

// One that only will not ask for more may still take what goes on.
void HttpConnection::on_end() {
  if (phase_ == Phase::kAnswering) return;
  if (phase_ != Phase::kAnswer) return close();
  keep_alive_ = false;
}

void HttpConnection::on_drained() {
  if (phase_ == Phase::kHead && !reading_on_) resume();
}

void HttpConnection::on_closed(std::string_view) { close(); }

void HttpConnection::on_deadline() { close(); }

void HttpConnection::close() {
  phase_ = Phase::kClosing;
  stream_.reset();
  deadline_.clear();
  owner_.remove(id_);
}

}  // namespace sluice
