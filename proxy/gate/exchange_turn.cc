// When it may go: its turn at the vendor's limit, and the audit's word that a write's attempt is durable.
#include "proxy/gate/downstream.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/worker.h"

namespace sluice {

namespace {

// For the audit to say that an attempt is durable (interface 2.5).
constexpr Millis kRecordTime{250};

}  // namespace

PaceTerms Exchange::pace_terms(bool ready) const {
  const size_t held = head_text_.size() + upstream_head_.size() + body_.text.size();
  return {serving_->pace_slots[client_], wait_, held, ready};
}

void Exchange::ask_for_turn() {
  const bool writes = target_.access == Access::kWrite;
  const Admission admission = lane().pacer.admit(*this, pace_terms(!writes));
  switch (admission.kind) {
    case Admission::Kind::kGo: return on_turn();
    case Admission::Kind::kQueued: lane().pool.prepare(); return writes ? record_attempt() : offer_to_share();
    case Admission::Kind::kQueueFull:
      return reply(Problem::kQueueFull, "too many requests of this client wait", admission.retry_after);
    case Admission::Kind::kWaitTooLong:
      return reply(Problem::kWaitTooLong, "the vendor's limit leaves no room in time", admission.retry_after);
    case Admission::Kind::kNoSchedule:
      return reply(Problem::kRateLimitUnavailable, "the replicas' common limit has not been reached yet",
                   admission.retry_after);
  }
}

void Exchange::on_turn() {
  turn_ = monotonic_now();
  if (trace_.on && trace_.first_turn.count() == 0) trace_.first_turn = turn_;
  close_offer();
  note_wait();
  connect(false);
}

void Exchange::note_wait() {
  const Nanos waited = monotonic_now() - queued_;
  record_->queued_ms = std::chrono::duration_cast<Millis>(waited).count();
  station_->tally->queue_wait(route_.api, serving_->config.clients[client_].priority, waited);
}

void Exchange::on_refused(int64_t retry_after) {
  reply(Problem::kWaitTooLong, "the vendor has asked for a pause", retry_after);
}

// A write is durable in the audit before anything of it is sent. It keeps its place in the queue meanwhile,
// so that its slot is not spent on waiting for the disk.
void Exchange::record_attempt() {
  enter(Phase::kRecording);
  if (trace_.on) trace_.recording = monotonic_now();
  record_->body_sha256 = body_digest();
  auto attempt = std::make_unique<AuditRecord>(*record_);
  attempt->type = AuditType::kRequestAttempted;
  attempt->time = std::chrono::system_clock::now();
  if (body_.whole) attempt->body_bytes = body_.bytes;
  deadline_.set(worker_.loop().deadlines(), kRecordTime);
  record_token_ = worker_.record_durably(std::move(attempt), *this);
}

void Exchange::on_recorded(bool durable) {
  record_token_ = 0;
  if (phase_ != Phase::kRecording) return;
  if (trace_.on) trace_.recorded = monotonic_now();
  deadline_.clear();
  if (!durable && serving_->config.audit.when_unavailable == WhenUnavailable::kBlock) {
    return reply(Problem::kAuditUnavailable, "the attempt cannot be recorded");
  }
  wait_for_turn();
}

void Exchange::on_record_late() {
  record_token_ = 0;
  if (phase_ != Phase::kRecording) return;
  if (serving_->config.audit.when_unavailable == WhenUnavailable::kAllow) return wait_for_turn();
  reply(Problem::kAuditUnavailable, "the attempt could not be recorded in time");
}

void Exchange::wait_for_turn() {
  enter(Phase::kQueued);
  if (lane().pacer.ready(*this)) return on_turn();
  downstream_->exchange_waits();
}

}  // namespace sluice
