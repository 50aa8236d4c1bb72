#include "proxy/audit/chain.h"

#include "proxy/audit/event.h"
#include "proxy/crypto.h"

namespace sluice {
std::string event_hash(std::string_view body) { return hex(sha256(body)); }

void ChainWriter::link(const StoredEvent& event) {
  head_.sequence = event.sequence;
  const Sha256 digest = sha256(event.body);
  head_.hash.resize(2 * digest.size());
  write_hex(head_.hash.data(), digest);
}

StoredEvent ChainWriter::append(const AuditRecord& record, std::string_view id) {
  JsonText scratch;
  StoredEvent event;
  append(record, id, scratch, event);
  return event;
}

void ChainWriter::append(const AuditRecord& record, std::string_view id, JsonText& scratch,
                         StoredEvent& event) {
  event.sequence = head_.sequence + 1;
  event.id = id;
  event.type = record.type;
  event.time_ms = unix_ms(record.time);
  // Only a write was announced as attempted, and can be open.
  event.request_id = record.access == "write" ? std::string_view(record.request_id) : std::string_view();
  scratch.clear();
  write_event(scratch, record, {id, source_, event.sequence, head_.hash});
  event.body = scratch.view();
  link(event);
}

std::optional<StoredEvent> ChainWriter::append_unknown_outcome(const std::string& request_id,
                                                               std::string_view attempted) {
  const std::string id = uuid_v7();
  const auto now = std::chrono::system_clock::now();
  const EventStamp stamp{id, source_, head_.sequence + 1, head_.hash};
  std::optional<std::string> body = make_unknown_outcome(attempted, stamp, now);
  if (!body) return std::nullopt;
  StoredEvent event{stamp.sequence, id,         AuditType::kRequestFailed,
                    unix_ms(now),   request_id, std::move(*body)};
  link(event);
  return event;
}

Result<void> ChainChecker::check(uint64_t sequence, std::string_view body) {
  const std::string place = "event " + std::to_string(sequence);
  const std::optional<EventLink> found = read_link(body);
  if (!found) return Error{place + " is not an event"};
  if (found->sequence != sequence)
    return Error{place + " says that it is number " + std::to_string(found->sequence)};
  if (!last_ && sequence == 1) last_ = ChainHead{};
  if (last_) {
    if (sequence != last_->sequence + 1)
      return Error{place + " follows event " + std::to_string(last_->sequence) + ": events are missing"};
    if (found->previous != last_->hash) return Error{place + " does not follow from the event before it"};
  }
  last_ = ChainHead{sequence, event_hash(body)};
  return {};
}

Result<void> ChainChecker::check_end(const ChainHead& head) const {
  const ChainHead last = last_.value_or(ChainHead{});
  if (last == head) return {};
  return Error{"the chain ends at event " + std::to_string(last.sequence) + ", but its head says event " +
               std::to_string(head.sequence) + (last.sequence == head.sequence ? " with another hash" : "")};
}

}  // namespace sluice
