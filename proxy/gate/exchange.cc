// From the head to the vendor: which API, which operation, what the policy says, the vendor's connection.
#include "proxy/gate/exchange.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "config/wipe.h"
#include "proxy/gate/captured_fields.h"
#include "proxy/gate/downstream.h"
#include "proxy/gate/exchange_trace.h"
#include "proxy/gate/forwarding.h"
#include "proxy/gate/worker.h"
#include "proxy/http/h1_writer.h"
#include "proxy/log.h"

namespace sluice {

namespace {

// A body up to here is waited for even if nobody looks inside, so that the request goes out in one piece,
// once its turn has come. A longer one streams.
constexpr size_t kGatherBody = 64 * 1024;
// Above this many unsent octets the other side is not read.
constexpr size_t kHighWater = 256 * 1024;

constexpr unsigned bit(Exchange::Phase phase) { return 1U << static_cast<unsigned>(phase); }

// Which phases may follow each, in their order; kIdle always may. A transition that is not here is our
// mistake.
constexpr std::array<unsigned, 9> kMayFollow = [] {
  using P = Exchange::Phase;
  return std::array{
      bit(P::kReading),                          // after kIdle
      bit(P::kReading) | bit(P::kIdentifying),   // after kIdentifying: keys, then a 401 that is held back
      bit(P::kIdentifying) | bit(P::kQueued),    // after kReading
      bit(P::kRecording) | bit(P::kConnecting),  // after kQueued
      bit(P::kQueued) | bit(P::kConnecting),     // after kRecording
      bit(P::kSending) | bit(P::kQueued),        // after kConnecting
      // A read that the vendor refused waits again; one on a stale connection connects again.
      bit(P::kRelaying) | bit(P::kQueued) | bit(P::kConnecting) | bit(P::kResolving),  // after kSending
      0U,                                                                              // after kRelaying
      bit(P::kQueued),                                                                 // after kResolving
  };
}();

}  // namespace

std::string_view to_text(Exchange::Phase phase) {
  switch (phase) {
    case Exchange::Phase::kIdle: return "idle";
    case Exchange::Phase::kIdentifying: return "identifying";
    case Exchange::Phase::kReading: return "reading";
    case Exchange::Phase::kQueued: return "queued";
    case Exchange::Phase::kRecording: return "recording";
    case Exchange::Phase::kConnecting: return "connecting";
    case Exchange::Phase::kSending: return "sending";
    case Exchange::Phase::kRelaying: return "relaying";
    case Exchange::Phase::kResolving: return "resolving";
  }
  return "";
}

Exchange::Exchange(Worker& worker)
    : worker_(worker), deadline_(*this), total_deadline_(*this, &Exchange::on_out_of_time) {}

Exchange::~Exchange() {
  if (followed_ != nullptr) std::erase(followed_->followers, this);
  if (led_ != nullptr) {
    for (Exchange* follower : led_->followers) follower->followed_.reset();
  }
  if (record_token_ != 0) worker_.forget_record(record_token_);
  forget_resolving();
  end_identity_wait();
  let_go_of_upstream();
}

void Exchange::enter(Phase phase) {
  const unsigned allowed = kMayFollow[static_cast<size_t>(phase_)] | bit(Phase::kIdle);
  if ((allowed & bit(phase)) == 0) fail_check(std::string(to_text(phase)) + " cannot follow");
  phase_ = phase;
}

// Our own mistake: nothing that follows could be trusted.
void Exchange::fail_check(const std::string& what) const {
  flush_log();
  std::fprintf(stderr, "exchange %s, %s: %s\n", record_ != nullptr ? record_->request_id.c_str() : "",
               std::string(to_text(phase_)).c_str(), what.c_str());
  std::abort();
}

void Exchange::leave_station() {
  worker_.retire(std::move(station_));
  station_.reset();
  serving_.reset();
}

void Exchange::begin() {
  if (station_ != worker_.station()) {
    leave_station();
    station_ = worker_.station();
    serving_ = station_->serving;
  }
  routed_ = body_.streams = body_.whole = body_.gone = false;
  answer_.begun = answer_.chunked = answer_.keeps_alive = false;
  body_.text.clear();
  answer_.head.clear();
  body_.hash.reset();
  body_.bytes = answer_.bytes = 0;
  answer_.status = requeued_ = 0;
  refusal_ = AuthFailure::kNone;
  queued_ = sent_ = Nanos(0);
  policy_time_ = Nanos(-1);
  started_ = monotonic_now();
  target_.clear();
  decision_.clear();
  fields_.clear();
  record_ = worker_.take_record();
  record_->time = std::chrono::system_clock::now();
  assign_uuid_v7(record_->request_id);
  record_->source_ip = downstream_->peer_text();
  record_->policy_sha256 = serving_->policy_sha256;
}

void Exchange::on_request_broken(Problem problem, std::string_view detail) {
  switch (phase_) {
    case Phase::kIdle:  // no head could be read
      begin();
      wipe(head_text_);
      head_ = {};
      begin_trace(trace_, head_, serving_->config.tracing, *record_);
      return reply(problem, std::string(detail));
    case Phase::kIdentifying:
    case Phase::kReading:
    case Phase::kQueued:
    case Phase::kRecording:
    case Phase::kResolving:
    case Phase::kConnecting: return reply(problem, std::string(detail));
    case Phase::kSending:
    case Phase::kRelaying:  // the vendor has part of it: its connection is cut, so that it cannot look whole
      if (answer_.begun) return cut_answer(detail);
      return reply(problem, std::string(detail));
  }
}

HeadError Exchange::read_head(std::string_view text, const HeadLimits& limits) {
  head_text_.assign(text);
  return parse_request_head(head_text_, limits, head_);
}

void Exchange::on_request_head(bool last) {
  begin();
  begin_trace(trace_, head_, serving_->config.tracing, *record_);
  if (last) head_.keep_alive = false;
  enter(Phase::kReading);
  if (find_api() && identify()) (void)begin_reading();
}

// It is known who asks. False: answered.
bool Exchange::begin_reading() {
  if (!find_target()) return false;
  const Engine& engine = *serving_->engine;
  if (!engine.needs_body(target_, view())) {
    if (!decide(std::nullopt)) return false;
    body_.streams = true;
  }
  if (head_.expects_continue && head_.framing.kind != Framing::Kind::kNone) {
    downstream_->write(std::array<std::string_view, 1>{"HTTP/1.1 100 Continue\r\n\r\n"});
  }
  return true;
}

// False: answered.
bool Exchange::find_api() {
  record_->method = head_.method;
  const Reached reached = reach(*serving_, downstream_->tunnelled(), head_);
  if (!reached.route) {
    reply(reached.problem, std::string(reached.why));
    return false;
  }
  route_ = *reached.route;
  routed_ = true;
  total_deadline_.set(worker_.loop().deadlines(), api().timeouts.total);
  record_->api = api().name;
  record_->path = route_.path;
  return true;
}

// Which operation. False: answered.
bool Exchange::find_target() {
  const Config& config = serving_->config;
  const bool blocks = config.audit.when_unavailable == WhenUnavailable::kBlock;
  if (blocks && !worker_.audit().usable()) {
    reply(Problem::kAuditUnavailable, "the audit cannot be written");
    return false;
  }
  if (head_.framing.kind == Framing::Kind::kLength && head_.framing.length > api().max_body.count) {
    reply(Problem::kBodyTooLarge, "the body is over " + format_size(api().max_body));
    return false;
  }
  select_request_fields(head_, serving_->apis[route_.api].credential.header(), fields_,
                        serving_->identity.credential_headers());
  serving_->engine->resolve(view(), target_);
  if (target_.refused) {
    reply(problem_named(target_.refusal.type), target_.refusal.detail);
    return false;
  }
  fill_record_from_request();
  return true;
}

RequestView Exchange::view() const {
  RequestView view;
  view.api = route_.api;
  view.client = client_;
  view.method = head_.method;
  view.path = route_.path;
  view.query = route_.query;
  view.headers = fields_;
  view.source = downstream_->peer();
  view.at = record_->time;
  return view;
}

// What the policy says. False: answered.
bool Exchange::decide(std::optional<std::string_view> body) {
  const Nanos before = monotonic_now();
  trace_.decided = before;
  serving_->engine->decide(target_, view(), body, decision_);
  policy_time_ = monotonic_now() - before;
  record_->rules.assign(decision_.rules.begin(), decision_.rules.end());
  record_->shadow_rules.assign(decision_.shadow_rules.begin(), decision_.shadow_rules.end());
  record_->tags.assign(decision_.tags.begin(), decision_.tags.end());
  record_->targets = decision_.targets;
  if (!decision_.unknown_fields.empty()) {
    record_->unknown_fields = decision_.unknown_fields;
    station_->tally->unknown_fields(route_.api, decision_.unknown_fields.size());
  }
  if (!decision_.fields.empty()) record_fields(decision_, serving_->capture_salt, *record_);
  for (const std::string_view rule : decision_.shadow_rules) station_->tally->shadow_decision(rule);
  switch (decision_.outcome) {
    case Outcome::kAllow: record_->reason.clear(); return true;
    case Outcome::kDeny:
      record_->reason = decision_.reason;
      reply(Problem::kPolicyDenied, std::string(decision_.reason));
      return false;
    case Outcome::kRefuse:
      reply(problem_named(decision_.refusal.type), decision_.refusal.detail);
      return false;
  }
  return false;
}

void Exchange::on_request_body(std::string_view piece) {
  body_.bytes += piece.size();
  if (body_.bytes > api().max_body.count) {
    return on_request_broken(Problem::kBodyTooLarge, "the body is over " + format_size(api().max_body));
  }
  if (body_.hash != nullptr) body_.hash->update(piece);
  if (phase_ == Phase::kIdentifying) fail_check("a body that nobody asked for");
  if (phase_ == Phase::kReading) {
    body_.text.append(piece);
    if (!body_.streams || body_.text.size() < kGatherBody) return;
    downstream_->want_body(false);
    body_.hash = std::make_unique<Sha256Stream>();
    body_.hash->update(body_.text);
    return admit();
  }
  // Streaming: the vendor has the head already.
  if (upstream_ == nullptr || piece.empty()) return;
  deadline_.set(worker_.loop().deadlines(), api().timeouts.response);
  if (head_.framing.kind == Framing::Kind::kChunked) {
    std::string size;
    append_chunk_size(size, piece.size());
    upstream_->send_more(std::array<std::string_view, 3>{size, piece, kChunkEnd}, false);
  } else {
    upstream_->send_more(std::array<std::string_view, 1>{piece}, false);
  }
  if (upstream_->unsent() > kHighWater) downstream_->want_body(false);
}

void Exchange::on_request_end() {
  body_.whole = true;
  if (phase_ == Phase::kReading) {
    if (!body_.streams && !decide(std::string_view(body_.text))) return;
    return admit();
  }
  if (upstream_ == nullptr) return;
  const bool chunked = head_.framing.kind == Framing::Kind::kChunked;
  upstream_->send_more(std::array<std::string_view, 1>{chunked ? kLastChunk : std::string_view()}, true);
  sent_ = monotonic_now();
  deadline_.set(worker_.loop().deadlines(), api().timeouts.response);
}

// The request is decided; it goes when its turn comes.
void Exchange::admit() {
  key_.now = {serving_->apis[route_.api].credential.choose(target_.access), serving_};
  record_->key = key_.now.choice.name;
  record_->decision = "allow";
  if (!has_key()) return;
  if (trace_.on) take_over_trace_fields(trace_, *record_, fields_);
  const UpstreamUrl& url = api().upstream;
  upstream_head_.clear();
  append_request_head(upstream_head_,
                      {head_.method, url.path, route_.path, route_.query, route_.has_query, url.authority},
                      fields_);
  if (body_.whole && (head_.framing.kind != Framing::Kind::kNone)) {
    append_field(upstream_head_, "Content-Length", body_.text.size());
  } else if (head_.framing.kind == Framing::Kind::kLength) {
    append_field(upstream_head_, "Content-Length", head_.framing.length);
  } else if (head_.framing.kind == Framing::Kind::kChunked) {
    append_field(upstream_head_, "Transfer-Encoding", "chunked");
  }
  wait_ = api().queue.max_wait;
  if (const int64_t preferred = preferred_wait(head_); preferred >= 0)
    wait_ = std::min(wait_, Millis(preferred * 1000));
  queued_ = monotonic_now();
  send_by_ = queued_ + wait_;
  enter(Phase::kQueued);
  if (join_identical()) return;
  ask_for_turn();
}

void Exchange::connect(bool fresh) {
  if (!has_key()) return;
  enter(Phase::kConnecting);
  UpstreamPool& pool = lane().pool;
  upstream_ = fresh ? pool.take_new(*this) : pool.take(*this);
  if (upstream_->connected()) send();
}

// Connecting may take longer than a turn lasts: the connection is kept, and the next turn is waited for.
void Exchange::on_upstream_connected() {
  Pacer& pacer = lane().pacer;
  if (!pacer.is_void(turn_)) return send();
  lane().pool.keep(*std::exchange(upstream_, nullptr));
  if (!pacer.readmit(*this, pace_terms(true), send_by_)) {
    return reply(Problem::kWaitTooLong, "no connection to the vendor in time", 1);
  }
  enter(Phase::kQueued);
}

void Exchange::send() {
  enter(Phase::kSending);
  if (body_.gone || (body_.whole && body_.text.size() != body_.bytes))
    fail_check("part of the body is missing");
  ++record_->attempts;
  sent_ = monotonic_now();
  guard_against_keys();
  std::string chunk;
  std::string_view chunk_end;
  if (!body_.whole && head_.framing.kind == Framing::Kind::kChunked) {
    append_chunk_size(chunk, body_.text.size());
    chunk_end = kChunkEnd;
  }
  const Credential::Choice& key = key_.now.choice;
  const std::string_view trace = trace_.on ? std::string_view(trace_.fields) : std::string_view();
  const std::array<std::string_view, 9> parts{
      upstream_head_, trace, key.header, ": ", key.value->reveal(), "\r\n\r\n", chunk, body_.text, chunk_end};
  upstream_->send(parts, head_.method == "HEAD", body_.whole);
  if (has_unexpected_body()) upstream_->use_no_more();
  deadline_.set(worker_.loop().deadlines(), api().timeouts.response);
  if (!body_.whole) {
    wipe(body_.text);
    body_.gone = true;
    downstream_->want_body(true);
  }
}

// A vendor that does not read such a body takes it for the next request on the connection.
bool Exchange::has_unexpected_body() const {
  constexpr std::array<std::string_view, 4> kBodiless{"GET", "HEAD", "DELETE", "OPTIONS"};
  if (head_.framing.kind == Framing::Kind::kNone || (body_.whole && body_.text.empty())) return false;
  if (std::find(kBodiless.begin(), kBodiless.end(), head_.method) == kBodiless.end()) return false;
  return std::none_of(target_.fits.begin(), target_.fits.end(),
                      [](const Target::Fit& fit) { return fit.operation != nullptr && fit.operation->body; });
}

void Exchange::on_upstream_drained() {
  if (!body_.whole) downstream_->want_body(true);
}

void Exchange::on_client_gone() {
  switch (phase_) {
    case Phase::kIdle: return;
    case Phase::kIdentifying: return leave_unidentified();
    case Phase::kReading:
    case Phase::kQueued:
    case Phase::kRecording:
    case Phase::kResolving:
    case Phase::kConnecting: break;
    case Phase::kSending:
    case Phase::kRelaying:
      // The vendor may have acted: its answer is worth knowing, as long as the request is whole.
      if (target_.access == Access::kWrite && body_.whole) return on_downstream_drained();
      break;
  }
  let_go_of_upstream();
  record_->reason = "the client left";
  finish(AuditType::kRequestFailed, 0, false);
}

void Exchange::on_shut_down() {
  if (phase_ == Phase::kIdle) return;
  if (answer_.begun) return cut_answer("the gate is shutting down");
  reply(Problem::kDraining, "the gate is shutting down");
}

void Exchange::on_out_of_time() {
  constexpr std::string_view kWhy = "the exchange took longer than timeouts.total";
  switch (phase_) {
    case Phase::kIdle: return;
    case Phase::kIdentifying:
      if (refusal_ == AuthFailure::kNone) refusal_ = AuthFailure::kJwtNoKeys;
      return on_identity_deadline();
    case Phase::kReading: return on_request_broken(Problem::kRequestTimeout, kWhy);
    case Phase::kQueued:
    case Phase::kRecording:
    case Phase::kConnecting:
    case Phase::kSending:
    case Phase::kResolving:
    case Phase::kRelaying:
      if (answer_.begun) return cut_answer(kWhy);
      return reply(Problem::kUpstreamTimeout, std::string(kWhy));
  }
}

void Exchange::on_deadline() {
  switch (phase_) {
    case Phase::kIdentifying: return on_identity_deadline();
    case Phase::kRecording: return worker_.give_up_recording(record_token_);
    case Phase::kResolving: return end_resolving();
    case Phase::kSending: return reply(Problem::kUpstreamTimeout, "no answer in time");
    case Phase::kRelaying:
      if (!answer_.begun) return reply(Problem::kUpstreamTimeout, "no whole answer in time");
      return cut_answer("the vendor fell silent");
    case Phase::kIdle:
    case Phase::kReading:
    case Phase::kQueued:
    case Phase::kConnecting: return;
  }
}

}  // namespace sluice
