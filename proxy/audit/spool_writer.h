// SpoolWriter: the audit thread. Takes records from any thread, makes them events, and commits them in
// groups: at once when somebody waits, else within `group_wait`. While a group commits, the next one gathers.
// Owner: the AuditLog. Thread: submit(), save() and the getters from any; begin(), start() and stop() from
// the owner's. Fails: an error of the spool makes it unusable, answers who waits, and keeps records up to a
// bound; it is opened anew until it takes writes again. What could not be kept is counted exactly and
// reported by audit.gap.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/audit/audit_log.h"
#include "proxy/audit/checkpointer.h"
#include "proxy/audit/entry_queue.h"
#include "proxy/audit/event_filter.h"
#include "proxy/audit/spool.h"
#include "proxy/audit/spool_opening.h"

namespace sluice {

// A webhook as the writer knows it: what it needs to be kept.
struct SpoolWebhook {
  WebhookRow row;
  EventFilter filter;
};

struct RemovedEvents {
  std::string webhook;
  uint64_t count = 0;
};

// Told about changes of the spool, on the audit thread.
class SpoolListener {
 public:
  // The events up to `through`, of which these are new.
  virtual void on_committed(const TypeCounts& added, uint64_t through) = 0;
  // Events up to `through` are gone; of them each webhook had not acknowledged so many.
  virtual void on_removed(uint64_t through, const std::vector<RemovedEvents>& removed) = 0;
  virtual void on_reopened() = 0;
  // These are on disk.
  virtual void on_saved(const std::vector<WebhookRow>& rows) = 0;

 protected:
  ~SpoolListener() = default;
};

class SpoolWriter {
 public:
  struct Setup {
    AuditConfig config;
    AuditOptions options;
    std::string source;  // of the events
    std::vector<SpoolWebhook> webhooks;
    std::vector<std::string> forgotten_webhooks;
    SpoolBefore before;
    std::unique_ptr<Checkpointer> checkpointer;  // null: nothing is signed
    RecordObserver* observer = nullptr;          // may be null
  };
  SpoolWriter(Setup setup, std::unique_ptr<Spool> spool);
  ~SpoolWriter() { stop(); }

  // Closes the requests that a crash left open, and adds `reports`, gate.started first. Before start().
  Result<void> begin(const std::vector<AuditRecord>& reports);
  // `listener` may be null.
  void start(SpoolListener* listener);
  // Writes what is queued, or says how much of it is lost, and ends the thread. Idempotent.
  void stop();

  std::unique_ptr<AuditRecord> submit(std::unique_ptr<AuditRecord> record, AuditWaiter* waiter,
                                      uint64_t token);
  // Keeps how far a webhook is; lazily, as losing it only repeats deliveries, or at once. Nothing, if it is
  // not one of the webhooks.
  void save(const WebhookRow& row, bool now);
  // Keeps an event that a webhook refused, with how far it is.
  void set_aside(const WebhookRow& row, DeadLetter letter);
  // The webhooks from now on. What was kept for others is forgotten. On disk with the next event, at the
  // latest.
  void take_up(std::vector<SpoolWebhook> webhooks);
  // How much is kept from now on.
  void retain(Bytes size, Millis age);

  bool usable() const { return usable_.load(std::memory_order_relaxed); }
  uint64_t last_sequence() const { return last_sequence_.load(std::memory_order_relaxed); }
  uint64_t spool_bytes() const { return spool_bytes_.load(std::memory_order_relaxed); }
  TypeCounts events_by_type() const;
  std::string trouble() const;
  CheckpointState checkpoints() const;

 private:
  using Clock = std::chrono::steady_clock;
  // A commit that failed: whether it was kept shows when the spool is opened anew.
  struct Doubtful {
    ChainHead head;
    size_t count = 0;  // of the backlog's events in it
  };
  struct Retention {
    Bytes size;
    Millis age;
  };

  void run();
  bool turn();
  bool take();
  bool gather();
  Clock::time_point next_due() const;
  void write_group();
  Result<void> put_group(size_t count, ChainWriter& next);
  void settle_group(size_t count, bool answer);
  void save_rows();
  void take_rows(SpoolChange& change);
  void on_rows_saved(const SpoolChange& change);
  std::vector<SpoolWebhook> webhooks() const;
  std::vector<WebhookRow> rows() const;
  bool has_webhook(std::string_view name) const;
  static std::unique_ptr<AuditRecord> gap_record(uint64_t lost, std::string_view reason);
  void queue_checkpoint();  // this and the next two are in spool_checkpoints.cc
  void sign_if_checkpoint(AuditRecord& record, const ChainHead& head);
  void keep_checkpoints(size_t count);
  void expire();  // this and the next three are in spool_retention.cc
  Result<uint64_t> find_removable(uint64_t acked, const Retention& retention);
  Result<SpoolChange> plan_removal(uint64_t through, std::vector<RemovedEvents>* removed);
  Result<uint64_t> lost_for(const SpoolWebhook& webhook, uint64_t through, uint64_t* removed);
  void look_for_hang();
  void hold_up(std::string_view why);
  Error removed() const;  // what to fail() with then
  void fail(const Error& error);
  void recover();
  Result<void> reopen();
  void refuse_waiters();

  const Setup setup_;
  SpoolListener* listener_ = nullptr;
  std::thread thread_;

  // Of the audit thread.
  std::unique_ptr<Spool> spool_;  // null: unusable
  ChainWriter chain_;
  EntryQueue backlog_;
  JsonText scratch_;  // with events_: memory of the events that are being made
  std::array<StoredEvent, Spool::kRowsAtOnce> events_;
  std::optional<Doubtful> doubtful_;
  std::vector<DeadLetter> letters_;     // to be kept with the next rows
  std::vector<std::string> forgotten_;  // the same
  Clock::time_point next_reopen_;
  Clock::time_point next_expire_;

  mutable std::mutex mutex_;  // guards what follows, down to the atomics
  std::condition_variable wake_;
  EntryQueue queue_;
  std::vector<std::pair<AuditWaiter*, uint64_t>> turned_away_;  // waiters of records that did not fit
  uint64_t lost_ = 0;
  Clock::time_point queued_since_;
  std::chrono::system_clock::time_point first_time_;  // of the queue's first record
  std::vector<SpoolWebhook> webhooks_;
  Retention retention_;
  std::vector<DeadLetter> new_letters_;
  std::vector<std::string> newly_forgotten_;
  bool rows_changed_ = false;
  Clock::time_point rows_since_;
  bool urgent_ = false;
  bool stopping_ = false;
  bool held_up_ = false;  // records come faster than they are taken up
  std::string trouble_;

  std::atomic<size_t> held_{0};  // size of backlog_
  std::atomic<bool> usable_{true};
  std::atomic<uint64_t> last_sequence_{0};
  std::atomic<uint64_t> spool_bytes_{0};
  std::array<std::atomic<uint64_t>, kAuditTypeCount> by_type_{};
};

}  // namespace sluice
