// AuditCheck: whether a row of events is what the gate wrote: each event sound and in agreement with its
// columns, the chain without a break, every checkpoint's signature, and the checkpoints of a file at their
// place. Goes on after a finding. It has no memory of the events: its size depends on the checkpoint file
// alone.
//   An edit of an event before the last checkpoint is found even when the chain behind it was computed anew:
//   the note signs the old hash. What comes after the last checkpoint is held by the chain and its head only.
// Owner and thread: the caller's. Fails: never; what is wrong becomes a finding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/audit/chain.h"
#include "proxy/audit/checkpoint_file.h"
#include "proxy/audit/event_fields.h"
#include "proxy/audit/signed_note.h"
#include "proxy/audit/spool_rows.h"

namespace sluice {

struct AuditFinding {
  int64_t event = 0;    // its sequence; 0: no single one
  std::string rule;     // kebab-case name of the check: stable, for machines
  std::string message;  // names the event, and what it means
};

struct AuditReport {
  static constexpr size_t kMostFindings = 100;

  std::string spool_id;
  int64_t first = 0;  // sequences; 0: no event
  int64_t last = 0;
  uint64_t events = 0;
  uint64_t checkpoints = 0;       // events
  uint64_t file_checkpoints = 0;  // lines that were held against an event
  uint64_t signed_through = 0;    // the last event that a checkpoint or the file covers; 0: none
  std::string signed_at;          // when that was signed
  bool signatures_checked = false;
  std::vector<AuditFinding> findings;  // the first kMostFindings
  uint64_t more_findings = 0;
  std::vector<std::string> warnings;
};

class AuditCheck {
 public:
  struct Known {
    std::string spool_id;                     // "": an export, which does not say
    std::vector<NoteVerifier> keys;           // none: signatures are not checked
    std::vector<CheckpointLine> checkpoints;  // of the spool's checkpoint files
    bool allow_gaps = false;                  // of an export that was filtered
  };
  explicit AuditCheck(Known known);

  // In their order.
  void add(const StoredRow& row);
  // An event without columns: line `line` of an export.
  void add(std::string_view event, uint64_t line);
  // The spool's first event: retention's signed statement has to end right before it.
  void check_beginning(int64_t first, const std::optional<std::string>& removal_note);
  // The events up to the next one were removed by the gate while they were read.
  void skip_removed();
  void check_head(const ChainHead& head);
  void add_finding(int64_t event, std::string_view rule, std::string message);
  void warn(std::string message);
  int64_t last() const { return report_.last; }
  AuditReport finish();

 private:
  struct FileCheckpoint {
    ChainHead head;
    std::string time;
    std::string place;  // FILE:LINE
  };

  void take_checkpoints(const std::vector<CheckpointLine>& lines);
  std::optional<FileCheckpoint> read_line(const CheckpointLine& line, uint64_t& of_others);
  bool check_signature(int64_t event, const std::string& place, const SignedNote& note);
  void check_columns(const StoredRow& row, const EventFields& fields);
  void link(int64_t sequence, const std::optional<EventFields>& fields, std::string_view body);
  void check_order(int64_t sequence, const std::optional<EventFields>& fields);
  void check_special(int64_t sequence, const EventFields& fields);
  void check_checkpoint(int64_t sequence, const EventFields& fields);
  void check_start(int64_t sequence, const EventFields& fields);
  void compare_with_file(const ChainHead& head);
  void on_signed(uint64_t sequence, const std::string& time);

  Known known_;
  AuditReport report_;
  std::optional<std::string> last_hash_;  // of the event before; none at the beginning and after a skip
  std::vector<FileCheckpoint> file_;      // by sequence
  size_t next_ = 0;                       // of file_
  uint64_t gaps_ = 0;
};

}  // namespace sluice
