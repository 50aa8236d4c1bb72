// The part of the SpoolWriter that removes events, and counts exactly what a webhook loses by it.
#include <algorithm>
#include <limits>

#include "proxy/audit/checkpoint.h"
#include "proxy/audit/event.h"
#include "proxy/audit/spool_writer.h"
#include "proxy/crypto.h"
#include "proxy/log.h"
#include "proxy/net/clock.h"

namespace sluice {
namespace {

constexpr uint64_t kAgedChunk = 250;     // events removed in one transaction
constexpr uint64_t kCrowdedChunk = 100;  // of those that a webhook may still want

uint64_t sum(const TypeCounts& counts, const EventFilter& filter) {
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i)
    if (filter.matches(static_cast<AuditType>(i))) total += counts[i];
  return total;
}

}  // namespace

// Removes what has been kept long enough, oldest first, a chunk at a time; then looks again soon. What it
// writes to the log is moved into the main file as it goes: nobody else may write for a long time.
void SpoolWriter::expire() {
  const Clock::time_point begun = Clock::now();
  next_expire_ = begun + setup_.options.retention_interval;
  if (!spool_->in_place()) return fail(removed());
  uint64_t acked = std::numeric_limits<int64_t>::max();
  Retention retention;
  {
    const std::lock_guard lock(mutex_);
    retention = retention_;
    for (const SpoolWebhook& webhook : webhooks_)
      if (!webhook.row.disabled) acked = std::min(acked, webhook.row.acked);
  }
  auto letters = spool_->remove_dead_letters(unix_ms_now() - retention.age.count(), kAgedChunk);
  if (!letters) return fail(letters.error());
  auto through = find_removable(acked, retention);
  if (!through) return fail(through.error());
  if (*through == 0) return;
  std::vector<RemovedEvents> removed;
  auto change = plan_removal(*through, &removed);
  if (!change) return fail(change.error());
  if (auto done = spool_->apply(*change); !done) {
    doubtful_ = Doubtful{change->head, 0};
    return fail(done.error());
  }
  chain_ = ChainWriter(setup_.source, change->head);
  last_sequence_ = chain_.head().sequence;
  if (listener_ != nullptr) listener_->on_removed(*through, removed);
  if (!change->events.empty()) {
    by_type_[static_cast<size_t>(AuditType::kAuditGap)] += change->events.size();
    TypeCounts added{};
    added[static_cast<size_t>(AuditType::kAuditGap)] = change->events.size();
    if (listener_ != nullptr) listener_->on_committed(added, last_sequence_);
  }
  if (auto moved = spool_->checkpoint_if_long(); !moved) return fail(moved.error());
  const Clock::time_point done = Clock::now();
  next_expire_ = done + (done - begun);  // half of the time belongs to those who wait for their records
}

Result<uint64_t> SpoolWriter::find_removable(uint64_t acked, const Retention& retention) {
  const uint64_t head = chain_.head().sequence;
  const uint64_t last = head == 0 ? 0 : head - 1;  // the head's event stays: it shows that the chain is whole
  auto used = spool_->used_bytes();
  if (!used) return used;
  spool_bytes_ = *used;
  auto aged = spool_->removable(std::min(acked, last), unix_ms_now() - retention.age.count(), kAgedChunk);
  if (!aged || *aged > 0) return aged;
  if (*used <= retention.size.count) return uint64_t{0};
  // What a webhook has refused goes before what it may still want.
  auto letters = spool_->remove_dead_letters(std::numeric_limits<int64_t>::max(), kAgedChunk);
  if (!letters) return letters;
  if (*letters > 0) {
    log_error("the spool reached audit.retain.size: dead letters were removed",
              {{"events", std::to_string(*letters)}});
    next_expire_ = Clock::now();
    return uint64_t{0};
  }
  return spool_->removable(last, std::numeric_limits<int64_t>::max(), kCrowdedChunk);
}

Result<SpoolChange> SpoolWriter::plan_removal(uint64_t through, std::vector<RemovedEvents>* removed) {
  SpoolChange change;
  change.remove_through = through;
  if (setup_.checkpointer)
    change.facts.push_back({std::string(kRemovalFact), setup_.checkpointer->sign_removal(through)});
  ChainWriter next = chain_;
  for (const SpoolWebhook& webhook : webhooks()) {
    removed->push_back({webhook.row.name, 0});
    auto lost = lost_for(webhook, through, &removed->back().count);
    if (!lost) return lost.error();
    if (*lost == 0) continue;
    const auto record =
        gap_record(*lost, "the spool reached audit.retain.size before the webhook took the events");
    record->details = {{"webhook", webhook.row.name}};
    log_error("audit events were removed before a webhook took them",
              {{"webhook", webhook.row.name}, {"events", std::to_string(*lost)}});
    change.events.push_back(next.append(*record, uuid_v7()));
  }
  change.head = next.head();
  return change;
}

// How many events a webhook loses. An audit.gap that is lost itself is carried over into the new one.
Result<uint64_t> SpoolWriter::lost_for(const SpoolWebhook& webhook, uint64_t through, uint64_t* removed) {
  const auto& [row, filter] = webhook;
  if (row.disabled || row.acked >= through) return uint64_t{0};
  auto counts = spool_->count(row.acked, through);
  if (!counts) return counts.error();
  *removed = sum(*counts, filter);
  (*counts)[static_cast<size_t>(AuditType::kAuditGap)] = 0;
  uint64_t lost = sum(*counts, filter);
  auto gaps = spool_->gaps(row.acked, through);
  if (!gaps) return gaps.error();
  for (const StoredEvent& event : *gaps) {
    const EventGap gap = read_gap(event.body).value_or(EventGap{});
    if (gap.webhook.empty() || gap.webhook == row.name)
      lost += gap.lost;
    else if (filter.matches(AuditType::kAuditGap))
      ++lost;
  }
  return lost;
}

}  // namespace sluice
