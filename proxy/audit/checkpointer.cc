#include "proxy/audit/checkpointer.h"

#include "proxy/audit/checkpoint.h"
#include "proxy/audit/event.h"
#include "proxy/log.h"

namespace sluice {

Checkpointer::Checkpointer(NoteSigner signer, std::string spool_id, const AuditConfig& config,
                           const AuditOptions& options, uint64_t covered)
    : signer_(std::move(signer)),
      spool_id_(std::move(spool_id)),
      every_(options.checkpoint_events),
      interval_(options.checkpoint_interval),
      file_(config.spool + ".checkpoints", config.durability, options.checkpoint_file_size),
      covered_(covered) {
  state_.key = to_text(signer_.verifier());
}

bool Checkpointer::is_due(uint64_t latest, bool ending, Clock::time_point now) {
  if (latest <= covered_) return false;
  if (due_at_ == Clock::time_point::max()) due_at_ = now + interval_;
  return ending || latest - covered_ >= every_ || now >= due_at_;
}

void Checkpointer::on_queued(uint64_t sequence) {
  covered_ = sequence;
  due_at_ = Clock::time_point::max();
}

SignedHead Checkpointer::signed_head(const ChainHead& head,
                                     std::chrono::system_clock::time_point time) const {
  return {head.sequence, head.hash, signer_.sign(to_text(Checkpoint{spool_id_, head, format_time(time)}))};
}

void Checkpointer::sign(AuditRecord& record, const ChainHead& head) const {
  record.checkpoint = signed_head(head, record.time);
}

void Checkpointer::on_committed(const AuditRecord& record) {
  if (record.checkpoint) keep(*record.checkpoint);
}

void Checkpointer::seal(const ChainHead& head) {
  if (state().sequence + 1 != head.sequence) return;
  keep(signed_head(head, std::chrono::system_clock::now()));
}

std::string Checkpointer::sign_removal(uint64_t through) const {
  return signer_.sign(to_text(Removal{spool_id_, through, format_time(std::chrono::system_clock::now())}));
}

void Checkpointer::keep(const SignedHead& head) {
  const auto kept = file_.append(head);
  const std::string trouble = kept ? "" : kept.error().message;
  const std::lock_guard lock(mutex_);
  if (trouble != state_.trouble && !trouble.empty())
    log_error("a checkpoint is not in its file; it is in the audit and at the webhooks", {{"why", trouble}});
  if (trouble.empty() && !state_.trouble.empty()) log_info("the checkpoint file can be written again");
  state_.trouble = trouble;
  state_.sequence = head.sequence;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  state_.time_ms = std::chrono::floor<Millis>(now).count();
}

CheckpointState Checkpointer::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace sluice
