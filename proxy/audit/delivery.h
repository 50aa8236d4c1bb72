// Delivery: the thread that takes events from the spool to the webhooks: one loop, one resolver, one
// read-only connection, and a Deliverer for each webhook, so that a slow one holds no other back. Owner: the
// AuditLog. Thread: states(), take_up() and the SpoolListener calls from any; the rest from the owner's.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proxy/audit/deliverer.h"
#include "proxy/audit/spool_reader.h"
#include "proxy/audit/spool_writer.h"

namespace sluice {

class Delivery final : public SpoolListener, private DelivererHost, private DeadlineObserver {
 public:
  // `writer` keeps the positions; it has to outlive this and must not have started.
  Delivery(std::string spool, std::vector<DeliveryTarget> targets, SpoolWriter& writer,
           const AuditOptions& options);
  ~Delivery();

  // The thread begins with the first webhook.
  void start();
  // Gives the webhooks up to `patience` for what is committed, and ends the thread. Idempotent.
  void stop(Millis patience);
  // The webhooks from now on, here and at the writer. One that is as before goes on undisturbed; one that
  // changed goes on where it is, and what is being sent is sent again. Returns when it is done, or after
  // `patience`: then it follows as soon as the disk lets it. Between start() and stop(); nothing after
  // stop().
  void take_up(std::vector<DeliveryTarget> targets, Millis patience);
  std::vector<WebhookState> states() const;

  void on_committed(const TypeCounts& added, uint64_t through) override;
  void on_removed(uint64_t through, const std::vector<RemovedEvents>& removed) override;
  void on_reopened() override;
  void on_saved(const std::vector<WebhookRow>& rows) override;

 private:
  Result<std::vector<StoredEvent>> read(uint64_t after) override;
  void save(const WebhookRow& row) override { writer_.save(row, false); }
  void save_now(const WebhookRow& row) override { writer_.save(row, true); }
  void set_aside(const WebhookRow& row, DeadLetter letter) override {
    writer_.set_aside(row, std::move(letter));
  }
  void report(std::unique_ptr<AuditRecord> record) override { writer_.submit(std::move(record), nullptr, 0); }
  void wake_later(const std::string& webhook) override;
  void on_changed(const Deliverer& deliverer) override;
  bool has_untold_commits() const override;
  void on_deadline() override;  // the patience has run out

  bool is_running();
  void begin(Deliverer& deliverer);
  void replace(std::vector<DeliveryTarget> targets);
  void add(DeliveryTarget target, const Deliverer* before);
  Deliverer* find(std::string_view webhook) const;
  void take_committed();
  void finish_if_settled();
  void finish();
  Result<void> ensure_reader();

  const std::string spool_;
  SpoolWriter& writer_;
  const AuditOptions options_;
  uint64_t told_through_;  // of the commits after it on_committed() is still to tell
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<SpoolReader> reader_;  // null: to be opened
  std::vector<std::unique_ptr<Deliverer>> deliverers_;
  Deadline patience_;
  Millis stop_at_{0};
  bool stopping_ = false;

  mutable std::mutex mutex_;                                    // guards what follows
  std::vector<std::pair<std::string, DelivererState>> states_;  // by name, in the configuration's order
  TypeCounts committed_{};                                      // not yet taken by the loop
  uint64_t committed_through_;
  std::thread thread_;
  bool ended_ = false;
  bool committed_posted_ = false;
};

}  // namespace sluice
