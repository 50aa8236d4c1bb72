#include "proxy/gate/upstream.h"

#include "proxy/gate/upstream_pool.h"
#include "proxy/log.h"

namespace sluice {

namespace {

constexpr HeadLimits kAnswerLimits{64 * 1024, 256, 0};
constexpr uint32_t kMaxInterimAnswers = 16;

}  // namespace

Upstream::Upstream(UpstreamPool& pool, EventLoop& loop, Resolver& resolver, const Connector& connector,
                   const UpstreamTarget& target)
    : pool_(pool),
      loop_(loop),
      target_(target),
      dialer_(loop, resolver, connector, *this),
      deadline_(*this) {}

void Upstream::connect() {
  phase_ = Phase::kConnecting;
  dialer_.dial({target_.url.host, target_.url.port, target_.tls.get(), target_.server_name, {}},
               target_.timeouts.connect);
}

void Upstream::on_dialed(StreamPtr stream) {
  stream_ = std::move(stream);
  stream_->set_observer(this);
  phase_ = Phase::kIdle;
  observer_ != nullptr ? observer_->on_upstream_connected() : pool_.give_back(*this);
}

void Upstream::on_dial_failed(const std::string& reason) {
  if (observer_ != nullptr) {  // whoever takes the next one will say it
    log_warning("upstream unreachable",
                {{"api", target_.api}, {"host", target_.url.authority}, {"reason", reason}});
  }
  fail(UpstreamFailure::kUnreachable, reason);
}

void Upstream::send(std::span<const std::string_view> parts, bool to_head, bool whole) {
  phase_ = Phase::kHead;
  request_whole_ = whole;
  to_head_ = to_head;
  answer_started_ = false;
  interim_answers_ = 0;
  head_reader_.reset();
  stream_->write(parts);
}

void Upstream::send_more(std::span<const std::string_view> parts, bool whole) {
  request_whole_ = whole;
  if (stream_ != nullptr) stream_->write(parts);
}

void Upstream::set_reading(bool on) {
  if (stream_ != nullptr) stream_->set_reading(on);
}

void Upstream::rest(Millis idle) {
  observer_ = nullptr;
  phase_ = Phase::kIdle;
  served_before_ = true;
  set_reading(true);  // the last client may have read too slowly; an end must be seen
  deadline_.set(loop_.deadlines(), idle);
}

void Upstream::on_data(std::string_view data) {
  if (phase_ == Phase::kIdle) return lost("octets that nobody asked for");
  answer_started_ = true;
  while (phase_ == Phase::kHead) {
    if (!read_head(data)) return;
  }
  if (phase_ == Phase::kBody) read_body(data);
}

// True once a head is whole. An interim answer leaves the phase as it is.
bool Upstream::read_head(std::string_view& data) {
  const HeadReader::Step step = head_reader_.feed(data, kAnswerLimits);
  if (step.state == HeadReader::State::kNeedMore) return false;
  if (step.state == HeadReader::State::kBad) {
    fail(UpstreamFailure::kProtocol, "the answer's head is malformed or too large");
    return false;
  }
  if (parse_response_head(step.head, kAnswerLimits, to_head_, head_) != HeadError::kNone) {
    fail(UpstreamFailure::kProtocol, head_.detail);
    return false;
  }
  data.remove_prefix(step.consumed);
  if (head_.status < 200) {
    head_reader_.reset();
    if (head_.status != 101 && ++interim_answers_ <= kMaxInterimAnswers) return true;
    fail(UpstreamFailure::kProtocol, "interim answers that nobody asked for");
    return false;
  }
  phase_ = Phase::kBody;
  body_.start(head_.framing);
  observer_->on_response_head(head_);
  head_reader_.reset();
  return true;
}

void Upstream::read_body(std::string_view data) {
  while (phase_ == Phase::kBody && !body_.done() && !data.empty()) {
    const BodyDecoder::Step step = body_.feed(data);
    if (step.state == BodyDecoder::State::kBad)
      return fail(UpstreamFailure::kProtocol, "the answer's chunks are malformed");
    data.remove_prefix(step.consumed);
    if (!step.piece.empty()) observer_->on_response_body(step.piece);
  }
  if (phase_ == Phase::kBody && body_.done()) end_answer(!data.empty());
}

// Octets beyond the answer are nobody's: the connection is not used again.
void Upstream::end_answer(bool surplus) {
  UpstreamObserver* observer = observer_;
  if (surplus || !head_.keep_alive || !request_whole_ || last_request_ || unsent() > 0) {
    pool_.discard(*this);
  } else {
    pool_.give_back(*this);
  }
  observer->on_response_end();
}

void Upstream::on_drained() {
  if (observer_ != nullptr) observer_->on_upstream_drained();
}

void Upstream::on_end() {
  if (phase_ == Phase::kBody && body_.whole_at_end()) {
    head_.keep_alive = false;
    return end_answer(false);
  }
  lost("the vendor closed the connection before the answer was whole");
}

void Upstream::on_closed(std::string_view reason) { lost(reason); }

void Upstream::lost(std::string_view reason) {
  switch (phase_) {
    case Phase::kIdle:
      return observer_ == nullptr ? pool_.discard(*this) : fail(UpstreamFailure::kLost, reason);
    case Phase::kHead:
    case Phase::kBody: return fail(UpstreamFailure::kLost, reason);
    case Phase::kConnecting:
    case Phase::kClosed: return;
  }
}

void Upstream::on_deadline() { pool_.discard(*this); }

void Upstream::fail(UpstreamFailure failure, std::string_view reason) {
  UpstreamObserver* observer = observer_;
  const std::string kept(reason);
  pool_.discard(*this);
  if (observer != nullptr) observer->on_upstream_failed(failure, kept);
}

}  // namespace sluice
