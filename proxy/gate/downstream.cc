#include "proxy/gate/downstream.h"

#include <array>

#include "config/wipe.h"
#include "proxy/gate/worker.h"
#include "proxy/log.h"

namespace sluice {

namespace {

constexpr size_t kMaxHeld = 64 * 1024;       // of a pipelining client, beyond which it is not read
constexpr size_t kMaxUnsent = 64 * 1024;     // of answers, beyond which no further request is taken
constexpr uint64_t kMaxDiscarded = 1 << 20;  // of a body that nobody wants
constexpr Millis kLinger{2'000};             // for the client to read the last answer (RFC 9112 9.6)
constexpr Millis kDrainIdle{500};            // for a request that is on its way as the drain begins

}  // namespace

Downstream::Downstream(Worker& worker, StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port,
                       std::unique_ptr<const Tunnelled> tunnelled)
    : worker_(worker),
      stream_(std::move(stream)),
      peer_(peer),
      peer_text_(to_text(peer)),
      port_(std::move(port)),
      tunnelled_(std::move(tunnelled)),
      deadline_(*this) {
  const LimitsConfig& limits = worker_.config().limits;
  stream_->set_observer(this);
  const bool begins_tls = tunnelled_ != nullptr || port_->config.tls.has_value();
  deadline_.set(worker_.loop().deadlines(), begins_tls ? limits.tls_time : limits.keep_alive);
}

// With TLS: the handshake is done.
void Downstream::on_connected() {
  if (port_->tls != nullptr && !is_trusted_by(*port_->tls)) return leave();  // changed during the handshake
  connected_ = true;
  const Millis idle = worker_.draining() ? kDrainIdle : worker_.config().limits.keep_alive;
  deadline_.set(worker_.loop().deadlines(), idle);
}

bool Downstream::can_take() const {
  switch (phase_) {
    case Phase::kHead: return unsent() <= kMaxUnsent;
    case Phase::kDiscard: return true;
    case Phase::kBody: return body_wanted_;
    case Phase::kAnswer:
    case Phase::kClosing:
    case Phase::kGone: return false;
  }
  return false;
}

void Downstream::on_data(std::string_view data) {
  if (phase_ == Phase::kClosing) return;
  if (taking_ || !held_.empty() || !can_take()) {
    held_.append(data);
    if (held_.size() > kMaxHeld) stream_->set_reading(false);
    return;
  }
  take(data);
}

// Takes as much as the exchange lets it; the rest is held.
void Downstream::take(std::string_view data) {
  taking_ = true;
  while (!data.empty() && can_take()) {
    if (phase_ == Phase::kHead) {
      take_head(data);
    } else {
      take_body(data);
    }
  }
  taking_ = false;
  if (phase_ == Phase::kGone || phase_ == Phase::kClosing) return;
  if (data.empty()) {
    if (!can_take()) return;
    if (client_ended_) return phase_ == Phase::kHead ? close_when_sent() : leave();
    stream_->set_reading(true);  // the exchange may have paused it, and ended since
    return;
  }
  held_.insert(0, data);
  if (held_.size() > kMaxHeld) stream_->set_reading(false);
}

void Downstream::take_head(std::string_view& data) {
  if (!head_reader_.started()) {
    deadline_.set(worker_.loop().deadlines(), worker_.config().limits.head_time);
  }
  const HeadReader::Step step = head_reader_.feed(data, worker_.head_limits());
  switch (step.state) {
    case HeadReader::State::kNeedMore: data.remove_prefix(step.consumed); return;
    case HeadReader::State::kBad:
      data = {};
      return break_request(problem_of(step.error), "the head is malformed or too large");
    case HeadReader::State::kHead: break;
  }
  exchange_ = worker_.lend_exchange(*this);
  const HeadError error = exchange_->read_head(step.head, worker_.head_limits());
  if (error != HeadError::kNone) {
    data = {};
    return break_request(problem_of(error), exchange_->head().detail);
  }
  data.remove_prefix(step.consumed);
  head_reader_.reset();
  begin_request();
}

// The exchange has read a head.
void Downstream::begin_request() {
  body_.start(exchange_->head().framing);
  body_wanted_ = true;
  discarded_ = 0;
  phase_ = Phase::kBody;
  const bool last = last_request_ || ++requests_ >= worker_.config().limits.requests_per_connection;
  if (last || !exchange_->head().keep_alive) last_request_ = true;
  deadline_.clear();
  exchange_->on_request_head(last);
  if (phase_ != Phase::kBody) return;
  if (body_.done()) {
    phase_ = Phase::kAnswer;
    exchange_->on_request_end();
  } else if (body_wanted_) {
    deadline_.set(worker_.loop().deadlines(), worker_.config().limits.body_time);
  }
}

// No further request can be found in what comes: this one is answered, then the connection ends.
void Downstream::break_request(Problem problem, std::string_view detail) {
  last_request_ = true;
  phase_ = Phase::kAnswer;
  if (exchange_ == nullptr) exchange_ = worker_.lend_exchange(*this);
  exchange_->on_request_broken(problem, detail);
}

void Downstream::take_body(std::string_view& data) {
  const BodyDecoder::Step step = body_.feed(data);
  data.remove_prefix(step.consumed);
  if (step.state == BodyDecoder::State::kBad) {
    data = {};
    if (phase_ == Phase::kDiscard) return close_when_sent();
    return break_request(Problem::kMalformedRequest, "the body's chunks are malformed");
  }
  deadline_.set(worker_.loop().deadlines(), worker_.config().limits.body_time);
  if (phase_ == Phase::kDiscard) {
    discarded_ += step.piece.size();
    if (discarded_ > kMaxDiscarded) return close_when_sent();
    if (body_.done()) next_request();
    return;
  }
  if (!step.piece.empty()) exchange_->on_request_body(step.piece);
  if (phase_ != Phase::kBody || !body_.done()) return;
  phase_ = Phase::kAnswer;
  if (!body_wanted_) stream_->set_reading(true);  // its end must be seen
  deadline_.clear();
  exchange_->on_request_end();
}

void Downstream::want_body(bool wanted) {
  if (body_wanted_ == wanted) return;
  body_wanted_ = wanted;
  if (phase_ != Phase::kBody) return;
  if (wanted) {
    deadline_.set(worker_.loop().deadlines(), worker_.config().limits.body_time);
    resume();
  } else {
    deadline_.clear();  // it is not the client that is slow
    if (stream_ != nullptr) stream_->set_reading(false);
  }
}

// Takes up what was held. A call from within take() is left to its loop.
void Downstream::resume() {
  if (taking_ || stream_ == nullptr) return;
  while (!held_.empty() && can_take()) {
    const std::string held = std::move(held_);
    held_.clear();
    take(held);
  }
  if (stream_ != nullptr && held_.size() <= kMaxHeld && (can_take() || phase_ == Phase::kAnswer)) {
    stream_->set_reading(true);
  }
}

void Downstream::write(std::span<const std::string_view> parts) {
  if (stream_ == nullptr) return;
  for (const std::string_view part : parts) written_ += part.size();
  stream_->write(parts);
  // From here on it is the client that is slow; see on_drained.
  if (stream_->unsent() > 0 && !deadline_.is_set()) {
    deadline_.set(worker_.loop().deadlines(), worker_.config().limits.body_time);
  }
}

void Downstream::on_drained() {
  switch (phase_) {
    case Phase::kHead:
      if (client_ended_ && held_.empty()) return leave();
      if (!head_reader_.started()) wait_for_request();
      return resume();
    case Phase::kAnswer: deadline_.clear(); break;
    case Phase::kClosing:
      if (client_ended_) return leave();
      return deadline_.set(worker_.loop().deadlines(), kLinger);
    case Phase::kBody:
    case Phase::kDiscard:
    case Phase::kGone: break;
  }
  if (exchange_ != nullptr) exchange_->on_downstream_drained();
}

// Who has ended its side before counts as one that does so while it waits: it has left.
void Downstream::exchange_waits() {
  if (client_ended_) leave();
}

void Downstream::exchange_done(bool keep_alive) {
  worker_.take_back(std::move(exchange_));
  if (phase_ == Phase::kGone) return worker_.remove(*this);
  const bool last = last_request_ || (client_ended_ && held_.empty());
  if (!keep_alive || last) return close_when_sent();
  if (body_.done()) return next_request();
  phase_ = Phase::kDiscard;
  body_wanted_ = true;
  deadline_.set(worker_.loop().deadlines(), worker_.config().limits.body_time);
  resume();
}

void Downstream::next_request() {
  phase_ = Phase::kHead;
  wait_for_request();
  resume();
}

// Idle, or reading what it has been sent.
void Downstream::wait_for_request() {
  const LimitsConfig& limits = worker_.config().limits;
  Millis time = worker_.draining() ? kDrainIdle : limits.keep_alive;
  if (unsent() > 0) time = limits.body_time;
  deadline_.set(worker_.loop().deadlines(), time);
}

void Downstream::close_when_sent() {
  phase_ = Phase::kClosing;
  wipe(held_);
  if (stream_ == nullptr) return leave();
  stream_->finish_writing();
  if (unsent() == 0 && client_ended_) return leave();
  // Until the client's end, so that a reset does not eat the answer.
  if (!client_ended_) stream_->set_reading(true);
  const Millis body_time = worker_.config().limits.body_time;
  deadline_.set(worker_.loop().deadlines(), unsent() > 0 ? body_time : kLinger);
}

// Whether the client has taken something since this was asked last: one that reads slowly is no silent one.
bool Downstream::reads_on() {
  const uint64_t taken = written_ - unsent();
  const bool more = unsent() > 0 && taken > taken_;
  taken_ = taken;
  return more;
}

void Downstream::on_end() {
  client_ended_ = true;
  switch (phase_) {
    case Phase::kAnswer:
      // The client may only have ended its side: it is answered. One that waits in the queue has left.
      if (exchange_->phase() != Exchange::Phase::kQueued) return;
      return leave();
    case Phase::kHead:
    case Phase::kClosing:
      if (unsent() > 0) return;  // see on_drained
      return leave();
    case Phase::kBody:
    case Phase::kDiscard:
    case Phase::kGone: return leave();
  }
}

// A tool that does not trust the authority breaks off: the one sign of it that its owner can find.
void Downstream::on_closed(std::string_view reason) {
  if (tunnelled_ != nullptr && !connected_)
    log_info("connect: no tls", {{"host", tunnelled_->host}, {"source_ip", peer_text_}, {"reason", reason}});
  leave();
}

void Downstream::on_deadline() {
  switch (phase_) {
    case Phase::kHead:
      if (reads_on()) return wait_for_request();
      if (!head_reader_.started()) return leave();  // idle
      return break_request(Problem::kRequestTimeout, "the head did not arrive in time");
    case Phase::kBody: return break_request(Problem::kRequestTimeout, "the body did not arrive in time");
    case Phase::kAnswer:
    case Phase::kDiscard:
    case Phase::kClosing:
      if (!reads_on()) return leave();
      return deadline_.set(worker_.loop().deadlines(), worker_.config().limits.body_time);
    case Phase::kGone: return leave();
  }
}

void Downstream::abort() {
  stream_.reset();
  phase_ = Phase::kGone;
}

void Downstream::leave() {
  stream_.reset();
  deadline_.clear();
  phase_ = Phase::kGone;
  if (exchange_ != nullptr) return exchange_->on_client_gone();  // exchange_done follows, now or later
  worker_.remove(*this);
}

void Downstream::drain() {
  last_request_ = true;
  if (phase_ == Phase::kHead && !head_reader_.started())
    deadline_.set(worker_.loop().deadlines(), kDrainIdle);
}

void Downstream::distrust() {
  drain();
  if (exchange_ == nullptr && phase_ != Phase::kGone && phase_ != Phase::kClosing) leave();
}

void Downstream::shut_down() {
  if (exchange_ != nullptr) exchange_->on_shut_down();
  if (phase_ != Phase::kGone && phase_ != Phase::kClosing) leave();
}

}  // namespace sluice
