// The part of the SpoolWriter that has the chain signed.
#include "proxy/audit/spool_writer.h"

namespace sluice {

// Puts a checkpoint behind what is in the backlog. It is signed when it becomes an event. At a stop it
// follows gate.stopped in the same transaction where it can, so that the webhooks get it before the thread
// ends.
void SpoolWriter::queue_checkpoint() {
  if (setup_.checkpointer == nullptr || !spool_) return;
  const bool stopped =
      !backlog_.empty() && backlog_[backlog_.size() - 1].record->type == AuditType::kGateStopped;
  const uint64_t latest = chain_.head().sequence + backlog_.size();
  if (!setup_.checkpointer->is_due(latest, stopped || stopping_, Clock::now())) return;
  auto record = std::make_unique<AuditRecord>();
  record->type = AuditType::kAuditCheckpoint;
  record->time = std::chrono::system_clock::now();
  backlog_.add(std::move(record), nullptr, 0);
  setup_.checkpointer->on_queued(latest + 1);
}

// A checkpoint signs the event before it: `head`.
void SpoolWriter::sign_if_checkpoint(AuditRecord& record, const ChainHead& head) {
  if (record.type == AuditType::kAuditCheckpoint && setup_.checkpointer != nullptr)
    setup_.checkpointer->sign(record, head);
}

// The first `count` of the backlog are on disk, and who waited for them was told.
void SpoolWriter::keep_checkpoints(size_t count) {
  if (setup_.checkpointer == nullptr) return;
  for (size_t i = 0; i < count; ++i)
    if (backlog_[i].record->type == AuditType::kAuditCheckpoint)
      setup_.checkpointer->on_committed(*backlog_[i].record);
}

CheckpointState SpoolWriter::checkpoints() const {
  return setup_.checkpointer == nullptr ? CheckpointState{} : setup_.checkpointer->state();
}

}  // namespace sluice
