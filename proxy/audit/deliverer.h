// Deliverer: one webhook. Sends the events that it wants, in order, one delivery at a time, until each is
// acknowledged; then the next. What a delivery of several events consists of is kept before it is first sent,
// so that it is the same after a crash: at least once, with the same webhook-id and octets. What the receiver
// refuses is split, and a single event that it refuses is set aside. Owner: Delivery. Thread: the delivery
// loop's. Fails: never for good, except by 410, which disables it until its URL changes.
#pragma once

#include <memory>
#include <string>

#include "proxy/audit/delivery_target.h"
#include "proxy/audit/delivery_window.h"
#include "proxy/net/event_loop.h"

namespace sluice {

class Deliverer;

// What a Deliverer needs of its owner.
class DelivererHost {
 public:
  virtual Result<std::vector<StoredEvent>> read(uint64_t after) = 0;
  // Keeps how far it is; lazily, as losing it only repeats deliveries.
  virtual void save(const WebhookRow& row) = 0;
  // The same at once. on_saved() follows when it is on disk.
  virtual void save_now(const WebhookRow& row) = 0;
  // Keeps an event that was refused, and how far it is, together.
  virtual void set_aside(const WebhookRow& row, DeadLetter letter) = 0;
  // For the audit: what happened to the webhook itself.
  virtual void report(std::unique_ptr<AuditRecord> record) = 0;
  // Calls wake() of the one with this name in a later turn.
  virtual void wake_later(const std::string& webhook) = 0;
  virtual void on_changed(const Deliverer& deliverer) = 0;
  // Whether commits are still to be told of by on_committed().
  virtual bool has_untold_commits() const = 0;

 protected:
  ~DelivererHost() = default;
};

// How a webhook stands, without the clock: WebhookState is made from it.
struct DelivererState {
  uint64_t backlog = 0;
  int64_t oldest_ms = 0;  // Unix time of the oldest event not acknowledged; 0: none
  uint64_t delivered = 0;
  uint64_t failed = 0;
  uint64_t dead_letters = 0;  // since the start
  bool suspended = false;
  bool disabled = false;
  std::string last_error;
};

class Deliverer final : private DeadlineObserver {
 public:
  // `before` (may be null) served the same webhook until now.
  Deliverer(EventLoop& loop, Resolver& resolver, DelivererHost& host, DeliveryTarget target,
            const AuditOptions& options, const Deliverer* before = nullptr);

  // Goes on where it stopped: with a Retry-After that still runs, or at once. `backlog`: of the events after
  // its position those that on_committed() will not tell of; or the ones up to it that are told once more.
  void start(const TypeCounts& backlog, bool told_once_more = false);
  // Looks for events, unless it is busy.
  void wake();
  void on_committed(const TypeCounts& added);
  void on_removed(uint64_t through, uint64_t removed);
  void on_saved(const WebhookRow& row);
  // Nothing will be sent before `until`.
  bool is_settled(Millis until) const;

  const DelivererState& state() const { return state_; }
  const DeliveryTarget& target() const { return target_; }
  const std::string& name() const { return target_.row.name; }
  uint64_t acked() const { return target_.row.acked; }

 private:
  enum class Phase {
    kIdle,        // everything that it wants is acknowledged
    kReading,     // a turn between two reads
    kAsking,      // for consent
    kSaving,      // what the next delivery consists of
    kSending,     // the delivery is under way
    kConfirming,  // it was taken: whether it is indexed
    kWaiting,     // for the time of the next attempt
    kDisabled,    // answered 410
  };

  bool is_under_way() const { return phase_ == Phase::kSending || phase_ == Phase::kConfirming; }
  void count(const TypeCounts& events, int64_t sign);
  size_t most_octets() const { return target_.format->most_octets().count; }
  bool is_batching() const { return target_.format->most_events() > 1; }
  void on_deadline() override;
  void pump();
  void rest(bool more);
  bool fill();
  void ask_consent();
  void on_consent(const HttpResult& result);
  void prepare();
  void send();
  void on_answer(const HttpResult& result);
  void confirm();
  void on_confirmation(const HttpResult& result);
  void on_taken();
  void advance(DeadLetter* letter);
  void on_refused(const HttpResult& result);
  void on_failure(std::string reason, Millis retry_after);
  void disable();
  void suspend(std::string_view reason);
  void resume();
  void wait(Millis delay);
  void publish();

  EventLoop& loop_;
  DelivererHost& host_;
  DeliveryTarget target_;
  const AuditOptions options_;
  std::unique_ptr<HttpClient> client_;
  Deadline next_attempt_;
  Millis next_attempt_at_{0};  // of the loop's clock; in kWaiting
  Phase phase_ = Phase::kIdle;
  DeliveryWindow window_;         // wanted events after `acked`
  uint64_t scanned_ = 0;          // everything up to it was acknowledged, is in the window, or is not wanted
  uint64_t removed_through_ = 0;  // events up to it are gone from the spool
  int64_t behind_ = 0;            // events to take; below 0 while one was taken before its commit was told of
  size_t failures_ = 0;           // attempts in a row
  size_t refusals_ = 0;           // events set aside in a row
  size_t most_events_ = 1;        // of a delivery: fewer after a refusal
  Millis consent_until_{0};       // of the loop's clock
  Millis allowed_pause_{0};       // between deliveries, by the receiver's consent
  uint64_t acknowledgement_ = 0;  // the number to ask for, in kConfirming
  Millis confirm_until_{0};
  DelivererState state_;
};

}  // namespace sluice
