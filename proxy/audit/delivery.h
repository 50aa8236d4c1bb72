// Delivery: the thread that takes events from the spool to the webhooks: one loop, one resolver, one
// read-only connection, and a Deliverer for each webhook, so that a slow one holds no other back. Owner: the
// AuditLog. Thread: states() and the SpoolListener calls from any; the rest from the owner's.
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

  void start();
  // Gives the webhooks up to `patience` for what is committed, and ends the thread. Idempotent.
  void stop(Millis patience);
  std::vector<WebhookState> states() const;

  void on_committed(const TypeCounts& added) override;
  void on_removed(uint64_t through, const std::vector<uint64_t>& removed) override;
  void on_reopened() override;
  void on_saved(const std::vector<WebhookRow>& rows) override;

 private:
  Result<std::vector<StoredEvent>> read(uint64_t after) override;
  void save(size_t index, const WebhookRow& row) override { writer_.save(index, row, false); }
  void save_now(size_t index, const WebhookRow& row) override { writer_.save(index, row, true); }
  void set_aside(size_t index, const WebhookRow& row, DeadLetter letter) override {
    writer_.set_aside(index, row, std::move(letter));
  }
  void report(std::unique_ptr<AuditRecord> record) override { writer_.submit(std::move(record), nullptr, 0); }
  void wake_later(size_t index) override;
  void on_changed(size_t index) override;
  bool has_untold_commits() const override;
  void on_deadline() override;  // the patience has run out

  void begin();
  void take_committed();
  void finish_if_settled();
  void finish();
  Result<void> ensure_reader();

  const std::string spool_;
  SpoolWriter& writer_;
  const uint64_t first_head_;  // commits after it are told of
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<SpoolReader> reader_;  // null: to be opened
  std::vector<std::unique_ptr<Deliverer>> deliverers_;
  std::vector<std::string> names_;
  Deadline patience_;
  Millis stop_at_{0};
  bool stopping_ = false;
  std::thread thread_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<DelivererState> states_;
  TypeCounts committed_{};  // not yet taken by the loop
  bool committed_posted_ = false;
};

}  // namespace sluice
