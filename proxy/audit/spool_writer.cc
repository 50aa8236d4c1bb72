#include "proxy/audit/spool_writer.h"

#include <algorithm>

#include "proxy/crypto.h"
#include "proxy/log.h"
#include "proxy/net/quiet_thread.h"

namespace sluice {

std::unique_ptr<AuditRecord> SpoolWriter::gap_record(uint64_t lost, std::string_view reason) {
  auto record = std::make_unique<AuditRecord>();
  record->type = AuditType::kAuditGap;
  record->time = std::chrono::system_clock::now();
  record->reason = reason;
  record->lost = lost;
  return record;
}

SpoolWriter::SpoolWriter(Setup setup, std::unique_ptr<Spool> spool)
    : setup_(std::move(setup)),
      spool_(std::move(spool)),
      chain_(setup_.source, spool_->head()),
      next_expire_(Clock::now()),
      webhooks_(setup_.webhooks),
      retention_{setup_.config.retain_size, setup_.config.retain_age},
      last_sequence_(chain_.head().sequence) {}

namespace {

// They become the spool's with the event.
void add_facts(const AuditRecord& record, SpoolChange& change) {
  for (const auto& [name, value] : record.facts) change.facts.push_back({name, value});
}

}  // namespace

Result<void> SpoolWriter::begin(const std::vector<AuditRecord>& reports) {
  auto open = spool_->open_requests();
  if (!open) return open.error();
  SpoolChange change;
  ChainWriter next = chain_;
  for (const OpenRequest& request : *open) {
    auto event = next.append_unknown_outcome(request.request_id, request.attempted);
    if (!event)
      return Error{"audit spool " + setup_.config.spool + " is damaged: an open request is not an event"};
    change.events.push_back(std::move(*event));
  }
  for (AuditRecord report : reports) {
    const bool starts = report.type == AuditType::kGateStarted;
    if (starts && setup_.checkpointer) report.details.emplace_back("checkpoint_key", checkpoints().key);
    change.events.push_back(next.append(report, uuid_v7()));
    add_facts(report, change);
    if (!starts || setup_.before.reason.empty()) continue;
    AuditRecord gap;
    gap.type = AuditType::kAuditGap;
    gap.time = report.time;
    gap.reason = setup_.before.reason;
    gap.details = setup_.before.details;
    change.events.push_back(next.append(gap, uuid_v7()));
  }
  change.head = next.head();
  change.webhooks = rows();
  change.forgotten_webhooks = setup_.forgotten_webhooks;
  if (auto done = spool_->apply(change); !done) return done;
  chain_ = std::move(next);
  last_sequence_ = chain_.head().sequence;
  for (const StoredEvent& event : change.events) ++by_type_[static_cast<size_t>(event.type)];
  if (!open->empty())
    log_warning("requests were under way when the gate ended: their outcome is unknown",
                {{"requests", std::to_string(open->size())}});
  return {};
}

void SpoolWriter::start(SpoolListener* listener) {
  listener_ = listener;
  thread_ = start_quiet_thread("sluice-audit", [this] { run(); });
}

void SpoolWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<AuditRecord> SpoolWriter::submit(std::unique_ptr<AuditRecord> record, AuditWaiter* waiter,
                                                 uint64_t token) {
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    if (stopping_) {
      lock.unlock();
      if (waiter != nullptr) waiter->on_recorded(token, false);
      return record;
    }
    if (queue_.size() + held_.load(std::memory_order_relaxed) >= setup_.options.memory_limit) {
      ++lost_;
      if (setup_.observer != nullptr) setup_.observer->on_record(*record);
      hold_up("the audit spool cannot keep up");
      if (waiter == nullptr) return record;
      turned_away_.emplace_back(waiter, token);
      wake = !urgent_;
      urgent_ = true;
    } else {
      const bool first = queue_.empty();
      if (first) queued_since_ = Clock::now();
      if (record->time == std::chrono::system_clock::time_point{})
        record->time = std::chrono::system_clock::now();
      if (first) first_time_ = record->time;
      if (record->time - first_time_ > setup_.options.stuck_after) look_for_hang();
      record = queue_.add(std::move(record), waiter, token);
      const bool now = waiter != nullptr || queue_.size() >= setup_.options.group_limit;
      wake = first || (now && !urgent_);
      urgent_ = urgent_ || now;
    }
  }
  if (wake) wake_.notify_one();
  return record;
}

// The records' own times only hint at it: the system's clock may step. Requires the lock.
void SpoolWriter::look_for_hang() {
  if (Clock::now() - queued_since_ > setup_.options.stuck_after)
    hold_up("the audit spool's disk does not answer");
}

// Until the audit thread takes up records again. Requires the lock.
void SpoolWriter::hold_up(std::string_view why) {
  if (std::exchange(held_up_, true) || !usable_) return;
  usable_ = false;
  trouble_ = why;
}

TypeCounts SpoolWriter::events_by_type() const {
  TypeCounts counts{};
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = by_type_[i].load(std::memory_order_relaxed);
  return counts;
}

std::string SpoolWriter::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void SpoolWriter::run() {
  while (!turn()) {
  }
  turn();  // what was lost until now is reported when the spool works again
  if (spool_ && setup_.checkpointer) setup_.checkpointer->seal(chain_.head());
  if (!backlog_.empty())
    log_error("audit events could not be kept",
              {{"events", std::to_string(backlog_.size())}, {"why", trouble()}});
}

// Waits for something to do and does it. True when it is to end.
bool SpoolWriter::turn() {
  const bool stopping = take();
  if (!spool_ && (stopping || Clock::now() >= next_reopen_)) recover();
  while (spool_ && !backlog_.empty()) write_group();
  refuse_waiters();
  if (spool_) save_rows();
  if (spool_ && !stopping && Clock::now() >= next_expire_) expire();
  return stopping;
}

bool SpoolWriter::take() {
  const size_t before = backlog_.size();
  const bool stopping = gather();
  if (setup_.observer != nullptr)
    for (size_t i = before; i < backlog_.size(); ++i) setup_.observer->on_record(*backlog_[i].record);
  return stopping;
}

// Waits until something is due, then moves the queue into the backlog.
bool SpoolWriter::gather() {
  std::unique_lock lock(mutex_);
  while (!stopping_ && !urgent_) {
    const Clock::time_point due = next_due();
    if (due <= Clock::now()) break;
    wake_.wait_until(lock, due);
  }
  urgent_ = false;
  backlog_.take_all(queue_);
  if (std::exchange(held_up_, false) && spool_) {
    usable_ = true;
    trouble_.clear();
  }
  if (lost_ > 0 && spool_) {
    backlog_.add(gap_record(std::exchange(lost_, 0), "the spool could not keep up or could not be written"),
                 nullptr, 0);
  }
  queue_checkpoint();
  held_ = backlog_.size();
  return stopping_;
}

SpoolWriter::Clock::time_point SpoolWriter::next_due() const {
  Clock::time_point due = spool_ ? next_expire_ : next_reopen_;
  if (!queue_.empty()) due = std::min(due, queued_since_ + setup_.options.group_wait);
  if (spool_ && rows_changed_) due = std::min(due, rows_since_ + setup_.options.group_wait);
  if (spool_ && setup_.checkpointer) due = std::min(due, setup_.checkpointer->due_at());
  if (spool_ && lost_ > 0) due = Clock::time_point::min();
  return due;
}

void SpoolWriter::write_group() {
  const size_t count = std::min(backlog_.size(), setup_.options.group_limit);
  ChainWriter next = chain_;
  SpoolChange rest;
  auto done = spool_->begin();
  if (done) done = put_group(count, next);
  if (done) {
    for (size_t i = 0; i < count; ++i) add_facts(*backlog_[i].record, rest);
    rest.head = next.head();
    take_rows(rest);
    done = spool_->commit(rest);
  }
  if (!done) {
    doubtful_ = Doubtful{next.head(), count};
    fail(done.error());
    return;
  }
  // A commit to a file that has been removed is kept by nobody.
  if (!spool_->in_place()) return fail(removed());
  chain_ = std::move(next);
  settle_group(count, true);
  on_rows_saved(rest);
  if (auto moved = spool_->checkpoint_if_long(); !moved) fail(moved.error());
}

// A few records become events at a time, in the memory of those before them.
Result<void> SpoolWriter::put_group(size_t count, ChainWriter& next) {
  for (size_t at = 0; at < count; at += events_.size()) {
    const std::span<StoredEvent> events(events_.data(), std::min(events_.size(), count - at));
    for (size_t i = 0; i < events.size(); ++i) {
      AuditEntry& entry = backlog_[at + i];
      if (entry.id.empty()) assign_uuid_v7(entry.id);
      sign_if_checkpoint(*entry.record, next.head());
      next.append(*entry.record, entry.id, scratch_, events[i]);
    }
    if (auto done = spool_->put(events); !done) return done;
  }
  return {};
}

// The first `count` of the backlog are on disk.
void SpoolWriter::settle_group(size_t count, bool durable) {
  last_sequence_ = chain_.head().sequence;
  TypeCounts added{};
  for (size_t i = 0; i < count; ++i) {
    const AuditEntry& entry = backlog_[i];
    ++added[static_cast<size_t>(entry.record->type)];
    if (entry.waiter != nullptr) entry.waiter->on_recorded(entry.token, durable);
  }
  keep_checkpoints(count);
  backlog_.drop_front(count);
  held_ = backlog_.size();
  for (size_t i = 0; i < added.size(); ++i) by_type_[i] += added[i];
  if (listener_ != nullptr) listener_->on_committed(added, chain_.head().sequence);
}

}  // namespace sluice
