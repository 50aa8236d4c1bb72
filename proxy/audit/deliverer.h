// Deliverer: one webhook. Sends the events that it wants, in order, one at a time, until each is acknowledged
// with 2xx; then the next. At least once: after a crash the last few may come again, with the same webhook-id
// and octets. Owner: Delivery. Thread: the delivery loop's. Fails: never for good, except by 410, which
// disables it until its URL changes.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "proxy/audit/audit_log.h"
#include "proxy/audit/chain.h"
#include "proxy/audit/event_filter.h"
#include "proxy/audit/signature.h"
#include "proxy/audit/spool_rows.h"
#include "proxy/http/http_client.h"

namespace sluice {

struct DeliveryTarget {
  WebhookConfig config;
  Signer signer;
  EventFilter filter;
  std::vector<std::pair<std::string, Secret>> headers;
  std::unique_ptr<TlsContext> tls;  // null for http
  WebhookRow row;
};

// What a Deliverer needs of its owner.
class DelivererHost {
 public:
  virtual Result<std::vector<StoredEvent>> read(uint64_t after) = 0;
  virtual void save(size_t index, const WebhookRow& row) = 0;
  // Calls wake() in a later turn.
  virtual void wake_later(size_t index) = 0;
  virtual void on_changed(size_t index) = 0;
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
  bool disabled = false;
  std::string last_error;
};

class Deliverer final : private DeadlineObserver {
 public:
  Deliverer(EventLoop& loop, Resolver& resolver, DelivererHost& host, DeliveryTarget target, size_t index,
            const AuditOptions& options);

  // Goes on where it stopped: with a Retry-After that still runs, or at once.
  void start(const TypeCounts& backlog);
  // Looks for events, unless it is busy.
  void wake();
  void on_committed(const TypeCounts& added);
  void on_removed(uint64_t through, uint64_t removed);
  // Nothing will be sent before `until`.
  bool is_settled(Millis until) const;

  const DelivererState& state() const { return state_; }
  const std::string& name() const { return target_.row.name; }
  uint64_t acked() const { return target_.row.acked; }

 private:
  enum class Phase {
    kIdle,      // everything that it wants is acknowledged
    kReading,   // a turn: what it read it does not want, and more may follow
    kSending,   // the front of the window is under way
    kWaiting,   // for the time of the next attempt
    kDisabled,  // answered 410
  };

  void on_deadline() override;
  void pump();
  void send();
  void on_answer(const HttpResult& result);
  void on_success();
  void on_failure(const HttpResult& result);
  void disable();
  void wait(Millis delay);
  void acknowledge(uint64_t sequence);
  void publish();

  EventLoop& loop_;
  DelivererHost& host_;
  DeliveryTarget target_;
  const size_t index_;
  const std::vector<Millis> retry_delays_;
  std::unique_ptr<HttpClient> client_;
  Deadline next_attempt_;
  Millis next_attempt_at_{0};  // of the loop's clock; in kWaiting
  Phase phase_ = Phase::kIdle;
  std::deque<StoredEvent> window_;  // wanted events after `acked`, read ahead
  uint64_t scanned_ = 0;          // everything up to it was acknowledged, is in the window, or is not wanted
  uint64_t removed_through_ = 0;  // events up to it are gone from the spool
  int64_t behind_ = 0;            // events to take; below 0 while one was taken before its commit was told of
  size_t failures_ = 0;           // attempts in a row
  DelivererState state_;
};

}  // namespace sluice
