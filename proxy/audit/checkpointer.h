// Checkpointer: signs the chain's head, so that who rewrites the spool without the key is found out. Says
// when a checkpoint is due: after so many events, or when the first event that none covers is so old; without
// events never. A checkpoint is an event of the chain and signs the event right before it; it is also
// appended to SPOOL.checkpoints. Owner: SpoolWriter. Thread: the audit thread's; state() and verifier() from
// any. Fails: a file that cannot be written is logged once and shown in state(), and stops nothing.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "proxy/audit/audit_log.h"
#include "proxy/audit/chain.h"
#include "proxy/audit/checkpoint_file.h"
#include "proxy/audit/signed_note.h"

namespace sluice {

class Checkpointer {
 public:
  using Clock = std::chrono::steady_clock;

  // `covered`: the last event that needs no signature of this run, which is the head that the spool had.
  Checkpointer(NoteSigner signer, std::string spool_id, const AuditConfig& config,
               const AuditOptions& options, uint64_t covered);

  const NoteVerifier& verifier() const { return signer_.verifier(); }
  // `latest`: the sequence that the last event has or will have. `ending`: what is there is to be covered
  // now.
  bool is_due(uint64_t latest, bool ending, Clock::time_point now);
  // When one is due if nothing more happens; max() when nothing waits for a signature.
  Clock::time_point due_at() const { return due_at_; }
  // A checkpoint will be the event `sequence`.
  void on_queued(uint64_t sequence);
  // Makes the record the checkpoint of `head`.
  void sign(AuditRecord& record, const ChainHead& head) const;
  // The record's event is on disk.
  void on_committed(const AuditRecord& record);
  // No event follows: covers the last checkpoint's own event too, in the file only.
  void seal(const ChainHead& head);
  // The signed statement that the gate itself removed the events up to `through` (checkpoint.h).
  std::string sign_removal(uint64_t through) const;

  CheckpointState state() const;

 private:
  SignedHead signed_head(const ChainHead& head, std::chrono::system_clock::time_point time) const;
  void keep(const SignedHead& head);

  const NoteSigner signer_;
  const std::string spool_id_;
  const uint64_t every_;
  const Millis interval_;
  CheckpointFile file_;
  uint64_t covered_;  // the last event that is signed, or is a checkpoint
  Clock::time_point due_at_ = Clock::time_point::max();
  mutable std::mutex mutex_;  // guards state_
  CheckpointState state_;
};

}  // namespace sluice
