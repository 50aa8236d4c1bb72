#include "proxy/audit/audit_check.h"

#include <algorithm>

#include "config/text_check.h"
#include "proxy/audit/checkpoint.h"

namespace sluice {
namespace {

constexpr std::string_view kTypePrefix = "io.sluice.";
constexpr std::string_view kCheckpointType = "io.sluice.audit.checkpoint";
// A gate signs after every 1,000 events, or when what it kept in memory during trouble (10,000) is written.
constexpr int64_t kMostUnsigned = 12'000;

std::string event_name(int64_t sequence) { return "event " + std::to_string(sequence); }

}  // namespace

AuditCheck::AuditCheck(Known known) : known_(std::move(known)) {
  report_.spool_id = known_.spool_id;
  report_.signatures_checked = !known_.keys.empty();
  const std::string name = checkpoint_key_name(known_.spool_id);
  const bool fits = std::any_of(known_.keys.begin(), known_.keys.end(),
                                [&name](const NoteVerifier& key) { return key.name == name; });
  if (!known_.spool_id.empty() && !known_.keys.empty() && !fits)
    add_finding(0, "key",
                "none of the public keys is of spool " + known_.spool_id + ", the first is of " +
                    printable(known_.keys.front().name) +
                    ": the spool was replaced, or the key is another's");
  take_checkpoints(known_.checkpoints);
  known_.checkpoints = {};
}

void AuditCheck::add_finding(int64_t event, std::string_view rule, std::string message) {
  if (report_.findings.size() == AuditReport::kMostFindings) {
    ++report_.more_findings;
    return;
  }
  report_.findings.push_back({event, std::string(rule), std::move(message)});
}

void AuditCheck::warn(std::string message) { report_.warnings.push_back(std::move(message)); }

void AuditCheck::add(const StoredRow& row) {
  const auto fields = read_event_fields(row.body);
  if (fields)
    check_columns(row, *fields);
  else
    add_finding(row.sequence, "body",
                event_name(row.sequence) + " is not an event: its text was damaged or replaced");
  link(row.sequence, fields, row.body);
}

void AuditCheck::add(std::string_view event, uint64_t line) {
  const auto fields = read_event_fields(event);
  if (!fields)
    add_finding(0, "body", "line " + std::to_string(line) + " is not an event: it was changed or cut");
  const int64_t sequence = fields ? static_cast<int64_t>(fields->sequence) : report_.last + 1;
  link(sequence, fields, event);
}

void AuditCheck::check_columns(const StoredRow& row, const EventFields& fields) {
  const auto differs = [&](const char* column) {
    add_finding(row.sequence, "column",
                event_name(row.sequence) + ": the column " + column +
                    " says something else than the event itself: one of them was changed");
  };
  if (row.id != fields.id) differs("id");
  if (kTypePrefix.size() + row.type.size() != fields.type.size() || !fields.type.starts_with(kTypePrefix) ||
      !fields.type.ends_with(row.type))
    differs("type");
  if (event_time_ms(fields.time) != row.time_ms) differs("time_ms");
}

void AuditCheck::link(int64_t sequence, const std::optional<EventFields>& fields, std::string_view body) {
  check_order(sequence, fields);
  if (fields) check_special(sequence, *fields);
  if (report_.events++ == 0) report_.first = sequence;
  report_.last = sequence;
  last_hash_ = event_hash(body);
  if (sequence > 0) compare_with_file({static_cast<uint64_t>(sequence), *last_hash_});
}

void AuditCheck::check_order(int64_t sequence, const std::optional<EventFields>& fields) {
  const std::string name = event_name(sequence);
  if (sequence < 1)
    add_finding(sequence, "order", name + " has a number that the gate gives to no event: it was put in");
  if (fields && fields->sequence != static_cast<uint64_t>(sequence))
    add_finding(
        sequence, "order",
        name + " says that it is number " + std::to_string(fields->sequence) + ": it was moved or copied");
  const std::string none = ChainHead{}.hash;
  if (sequence == 1 && fields && fields->previous != none)
    add_finding(sequence, "chain", name + " does not begin a chain: events before it were taken out");
  if (!last_hash_) return;
  if (sequence <= report_.last) {
    add_finding(
        sequence, "order",
        name + " comes after event " + std::to_string(report_.last) + ": events were reordered or copied");
  } else if (sequence > report_.last + 1) {
    ++gaps_;
    if (!known_.allow_gaps)
      add_finding(sequence, "gap",
                  "events " + std::to_string(report_.last + 1) + " to " + std::to_string(sequence - 1) +
                      " are missing: they were taken out, or left out by a filter");
  } else if (fields && fields->previous != *last_hash_) {
    add_finding(sequence, "chain",
                name + " does not follow from event " + std::to_string(report_.last) +
                    ": that one was changed or replaced after this one was written");
  }
}

void AuditCheck::check_special(int64_t sequence, const EventFields& fields) {
  if (fields.type == kCheckpointType || fields.checkpoint) check_checkpoint(sequence, fields);
  if (fields.type == "io.sluice.gate.started") check_start(sequence, fields);
}

void AuditCheck::check_start(int64_t sequence, const EventFields& fields) {
  if (known_.spool_id.empty()) known_.spool_id = report_.spool_id = fields.spool;
  if (fields.spool != known_.spool_id)
    add_finding(sequence, "spool",
                event_name(sequence) + " is of spool " + printable(fields.spool) + ", and this is spool " +
                    printable(known_.spool_id) + ": its beginning or its name was replaced");
  const auto is_known = [&fields](const NoteVerifier& key) { return to_text(key) == fields.checkpoint_key; };
  if (!known_.keys.empty() && std::none_of(known_.keys.begin(), known_.keys.end(), is_known))
    warn(event_name(sequence) + ": the gate started with a key that is not among the public keys: " +
         printable(fields.checkpoint_key));
}

bool AuditCheck::check_signature(int64_t event, const std::string& place, const SignedNote& note) {
  if (known_.keys.empty()) return true;
  switch (verify_note(note, known_.keys)) {
    case NoteVerdict::kGood: return true;
    case NoteVerdict::kUnknownKey:
      add_finding(
          event, "key",
          place + " is signed by " + printable(note.signatures.front().name) +
              " with a key that is not among the public keys: the gate's key was changed, then name the "
              "other one too, or somebody else signed it");
      return false;
    case NoteVerdict::kWrongSignature:
      add_finding(event, "signature", place + ": the signature is wrong: the checkpoint was changed");
      return false;
  }
  return false;
}

void AuditCheck::check_checkpoint(int64_t sequence, const EventFields& fields) {
  ++report_.checkpoints;
  const std::string name = event_name(sequence);
  const auto note = fields.checkpoint ? parse_note(fields.checkpoint->note) : std::nullopt;
  const auto checkpoint = note ? parse_checkpoint(note->text) : std::nullopt;
  if (!checkpoint || fields.type != kCheckpointType)
    return add_finding(sequence, "checkpoint", name + " is no checkpoint of this gate: it was changed");
  if (!check_signature(sequence, name, *note)) return;
  if (known_.spool_id.empty()) known_.spool_id = report_.spool_id = checkpoint->spool_id;
  if (checkpoint->spool_id != known_.spool_id)
    return add_finding(
        sequence, "spool",
        name + " is a checkpoint of spool " + printable(checkpoint->spool_id) + ": it was copied from there");
  const ChainHead said{fields.checkpoint->sequence, fields.checkpoint->hash};
  if (checkpoint->head != said || checkpoint->time != fields.time)
    return add_finding(sequence, "checkpoint",
                       name + " says something else than what was signed: it was changed");
  if (checkpoint->head.sequence + 1 != fields.sequence || checkpoint->head.hash != fields.previous)
    return add_finding(sequence, "checkpoint",
                       name + " signs another event " + std::to_string(checkpoint->head.sequence) +
                           " than the one before it: events up to there were changed after they were signed");
  on_signed(checkpoint->head.sequence, checkpoint->time);
}

void AuditCheck::on_signed(uint64_t sequence, const std::string& time) {
  if (sequence < report_.signed_through) return;
  report_.signed_through = sequence;
  report_.signed_at = time;
}

void AuditCheck::check_head(const ChainHead& head) {
  const auto last = static_cast<uint64_t>(std::max<int64_t>(report_.last, 0));
  if (report_.events == 0 && head == ChainHead{}) return;
  if (head.sequence != last)
    add_finding(report_.last, "head",
                "the events end at " + std::to_string(last) + ", but the spool's head says " +
                    std::to_string(head.sequence) + ": the tail was cut, or the head was changed");
  else if (last_hash_ && head.hash != *last_hash_)
    add_finding(report_.last, "head",
                event_name(report_.last) + " is not the one that the spool's head names: it was changed");
}

void AuditCheck::check_beginning(int64_t first, const std::optional<std::string>& removal_note) {
  if (first <= 1 && !removal_note) return;
  const std::string missing = "events 1 to " + std::to_string(first - 1) + " are missing, and ";
  if (!removal_note)
    return add_finding(first, "beginning",
                       missing + "the gate has not signed that it removed them: they were taken out");
  const auto note = parse_note(*removal_note);
  const auto removal = note ? parse_removal(note->text) : std::nullopt;
  if (!removal || removal->spool_id != known_.spool_id)
    return add_finding(first, "beginning", "what the gate signed about removed events was changed");
  if (!check_signature(first, "the statement of removed events", *note)) return;
  if (static_cast<int64_t>(removal->through) + 1 != first)
    add_finding(first, "beginning",
                "the gate removed the events up to " + std::to_string(removal->through) +
                    ", but the spool begins at " + std::to_string(first) +
                    ": events were taken out, or put back");
}

void AuditCheck::skip_removed() {
  warn("the gate removed events after " + std::to_string(report_.last) + " while they were checked");
  last_hash_.reset();
}

AuditReport AuditCheck::finish() {
  const auto last = static_cast<uint64_t>(std::max<int64_t>(report_.last, 0));
  if (next_ < file_.size() && file_.back().head.sequence > last)
    add_finding(report_.last, "tail",
                "the tail was cut: event " + std::to_string(file_.back().head.sequence) + " was signed at " +
                    printable(file_.back().time) + " (" + file_.back().place + "), and the events end at " +
                    std::to_string(last) + "; if this is a copy, its -wal file may have been left behind");
  const auto open = static_cast<int64_t>(last - std::min(last, report_.signed_through));
  if (report_.signatures_checked && open > kMostUnsigned && gaps_ == 0)
    add_finding(report_.last, "unsigned",
                "no checkpoint covers the last " + std::to_string(open) +
                    " events, and a gate signs every 1000: checkpoints were taken out");
  if (gaps_ > 0 && known_.allow_gaps)
    warn("there are " + std::to_string(gaps_) +
         " gaps: what is missing there cannot be told from what a filter left out");
  return std::move(report_);
}

}  // namespace sluice
