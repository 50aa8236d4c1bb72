// The part of the AuditCheck that holds the events against the checkpoints of a file.
#include <algorithm>

#include "config/text_check.h"
#include "proxy/audit/audit_check.h"
#include "proxy/audit/checkpoint.h"

namespace sluice {

void AuditCheck::take_checkpoints(const std::vector<CheckpointLine>& lines) {
  uint64_t of_others = 0;
  for (const CheckpointLine& line : lines)
    if (auto checkpoint = read_line(line, of_others)) file_.push_back(std::move(*checkpoint));
  std::stable_sort(file_.begin(), file_.end(), [](const FileCheckpoint& a, const FileCheckpoint& b) {
    return a.head.sequence < b.head.sequence;
  });
  if (of_others > 0)
    warn(std::to_string(of_others) +
         " lines of the checkpoint file are of another spool, and were left aside");
}

std::optional<AuditCheck::FileCheckpoint> AuditCheck::read_line(const CheckpointLine& line,
                                                                uint64_t& of_others) {
  const std::string place = line.file + ":" + std::to_string(line.number);
  const auto note = parse_note(line.head.note);
  const auto checkpoint = note ? parse_checkpoint(note->text) : std::nullopt;
  if (!checkpoint || checkpoint->head != ChainHead{line.head.sequence, line.head.hash}) {
    add_finding(0, "checkpoint-file", place + " is not a checkpoint: the line was changed");
    return std::nullopt;
  }
  if (!known_.spool_id.empty() && checkpoint->spool_id != known_.spool_id) {
    ++of_others;
    return std::nullopt;
  }
  if (!check_signature(0, place, *note)) return std::nullopt;
  return FileCheckpoint{checkpoint->head, checkpoint->time, place};
}

void AuditCheck::compare_with_file(const ChainHead& head) {
  while (next_ < file_.size() && file_[next_].head.sequence < head.sequence) ++next_;
  for (; next_ < file_.size() && file_[next_].head.sequence == head.sequence; ++next_) {
    const FileCheckpoint& signed_one = file_[next_];
    ++report_.file_checkpoints;
    if (signed_one.head.hash == head.hash)
      on_signed(head.sequence, signed_one.time);
    else
      add_finding(static_cast<int64_t>(head.sequence), "checkpoint-file",
                  "event " + std::to_string(head.sequence) + " is not the one that was signed at " +
                      printable(signed_one.time) + " (" + signed_one.place +
                      "): it or one before it was changed");
  }
}

}  // namespace sluice
