// From the vendor to the client: the answer, searched for the key, streamed with back-pressure.
#include <array>

#include "config/ascii.h"
#include "config/wipe.h"
#include "proxy/gate/downstream.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/forwarding.h"
#include "proxy/gate/worker.h"
#include "proxy/http/h1_writer.h"
#include "proxy/pacing/feedback.h"

namespace sluice {

namespace {

constexpr size_t kHighWater = 256 * 1024;
constexpr int kMaxRequeues = 2;

const HeaderField* find_field(const ResponseHead& head, HeaderId id) {
  for (const HeaderField& field : head.fields) {
    if (field.id == id && field.exact_name) return &field;
  }
  return nullptr;
}

}  // namespace

void Exchange::on_response_head(const ResponseHead& head) {
  const Nanos time = monotonic_now() - sent_;
  if (upstream_ != nullptr) station_->tally->upstream({route_.api, head.status}, time);
  record_->upstream_status = head.status;
  record_->upstream_ms = std::chrono::duration_cast<Millis>(time).count();
  if (head.status == 429 && send_again_later(head)) return;
  if (judge_key(head)) return;
  if (withhold(head)) return;
  keep_answer_head(head);
  enter(Phase::kRelaying);
  deadline_.set(worker_.loop().deadlines(), api().timeouts.silence);
  answer_.status = head.status;
  const bool has_length =
      head.framing.kind == Framing::Kind::kLength || head.framing.kind == Framing::Kind::kNone;
  answer_.chunked = !has_length && head_.minor_version == 1;
  answer_.keeps_alive =
      head_.keep_alive && body_.whole && !worker_.draining() && (has_length || answer_.chunked);
  wipe(answer_.head);
  append_response_head(
      answer_.head, head,
      {record_->request_id, record_->queued_ms.value_or(0), answer_.keeps_alive, answer_.chunked});
}

// The vendor's 429 holds its API. What it refused was not done, so it goes back to the queue, if it is still
// whole and can be sent in time; otherwise its client gets the vendor's answer.
bool Exchange::send_again_later(const ResponseHead& head) {
  const HeaderField* retry_after = find_field(head, HeaderId::kRetryAfter);
  Pacer& pacer = lane().pacer;
  if (pacer.reject(retry_pause(retry_after != nullptr ? retry_after->value : std::string_view(),
                               std::chrono::system_clock::now())))
    worker_.report_limit(*station_, route_.api);
  if (!is_complete() || requeued_ >= kMaxRequeues || downstream_->client_left()) return false;
  if (!pacer.readmit(*this, pace_terms(true), send_by_)) return false;
  ++requeued_;
  let_go_of_upstream();
  deadline_.clear();
  enter(Phase::kQueued);
  return true;
}

// An answer that must not be passed on, because it holds the key or cannot be searched for it.
bool Exchange::withhold(const ResponseHead& head) {
  if (guard_.is_in(head.text)) {
    reply(Problem::kCredentialReflected, "the answer's head held the credential");
    return true;
  }
  for (const HeaderField& field : head.fields) {
    if (field.id != HeaderId::kContentEncoding || !field.exact_name) continue;
    if (field.value.empty() || equals_ignoring_case(field.value, "identity")) continue;
    reply(Problem::kUpstreamProtocol, "the answer has a content-encoding that was not asked for");
    return true;
  }
  return false;
}

void Exchange::on_response_body(std::string_view piece) {
  deadline_.set(worker_.loop().deadlines(), api().timeouts.silence);
  const ReflectionGuard::Step step = guard_.feed(piece);
  if (step.found) {
    if (answer_.begun) return cut_answer("credential-reflected");
    return reply(Problem::kCredentialReflected, "the answer's body held the credential");
  }
  if (led_ != nullptr) {
    led_->add_body(piece);
    if (!led_->is_shareable) end_sharing(false);
  }
  relay(step.released, step.piece);
}

// Writes what is cleared, after the head if that has waited for it.
void Exchange::relay(std::string_view released, std::string_view piece) {
  const size_t size = released.size() + piece.size();
  if (size == 0) return;
  answer_.begun = true;
  if (downstream_->client_left()) return;
  answer_.bytes += size;
  std::string chunk;
  if (answer_.chunked) append_chunk_size(chunk, size);
  const std::string_view end = answer_.chunked ? kChunkEnd : std::string_view();
  downstream_->write(std::array<std::string_view, 5>{answer_.head, chunk, released, piece, end});
  wipe(answer_.head);
  const bool others_wait = led_ != nullptr && !led_->followers.empty();  // for an answer that has a bound
  if (downstream_->unsent() <= kHighWater || upstream_ == nullptr || others_wait) return;
  upstream_->set_reading(false);
  deadline_.clear();  // it is not the vendor that is silent
}

void Exchange::on_downstream_drained() {
  if (upstream_ == nullptr || phase_ != Phase::kRelaying) return;
  upstream_->set_reading(true);
  deadline_.set(worker_.loop().deadlines(), api().timeouts.silence);
}

void Exchange::on_response_end() {
  upstream_ = nullptr;
  relay(guard_.finish(), {});
  answer_.begun = true;
  const std::string_view end = answer_.chunked ? kLastChunk : std::string_view();
  if (!answer_.head.empty() || !end.empty()) {
    downstream_->write(std::array<std::string_view, 2>{answer_.head, end});
  }
  wipe(answer_.head);
  finish(AuditType::kRequestForwarded, answer_.status, answer_.keeps_alive && body_.whole);
}

// Part of the answer has gone out: the connection is broken off, so that nobody takes it for the whole.
void Exchange::cut_answer(std::string_view reason) {
  let_go_of_upstream();
  record_->reason = reason;
  downstream_->abort();
  finish(AuditType::kRequestFailed, answer_.status, false);
}

void Exchange::on_upstream_failed(UpstreamFailure failure, std::string_view reason) {
  const bool stale = upstream_ != nullptr && upstream_->reused() && !upstream_->answer_started();
  upstream_ = nullptr;
  switch (phase_) {
    case Phase::kConnecting: return reply(Problem::kUpstreamUnreachable, "no connection to the vendor");
    case Phase::kSending: {
      // The vendor closed an idle connection as the request went out. Only a read may go out again: of a
      // write nobody knows whether it was done.
      if (stale && failure == UpstreamFailure::kLost && target_.access == Access::kRead && is_complete())
        return connect(true);
      station_->tally->upstream({route_.api, 0}, monotonic_now() - sent_);
      const bool protocol = failure == UpstreamFailure::kProtocol;
      record_->reason = reason;
      return reply(protocol ? Problem::kUpstreamProtocol : Problem::kUpstreamUnreachable,
                   protocol ? "the vendor's answer is not http"
                            : "the vendor closed the connection without an answer");
    }
    case Phase::kRelaying:
      record_->reason = reason;
      if (!answer_.begun) return reply(Problem::kUpstreamProtocol, "the vendor's answer broke off");
      return cut_answer(reason);
    case Phase::kIdle:
    case Phase::kIdentifying:
    case Phase::kReading:
    case Phase::kQueued:
    case Phase::kResolving:
    case Phase::kRecording: return;
  }
}

}  // namespace sluice
