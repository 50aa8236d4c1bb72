#include "proxy/audit/replay.h"

#include <limits>

#include "proxy/audit/deliverer.h"

namespace sluice {
namespace {

class ReplayRun final : private DelivererHost {
 public:
  ReplayRun(DeliveryTarget target, ReplaySource source, const AuditOptions& options, ReplayProgress progress)
      : source_(std::move(source)),
        progress_(std::move(progress)),
        resolver_(std::make_unique<Resolver>(loop_)) {
    result_.through = target.row.acked;
    DelivererHost& host = *this;
    deliverer_ = std::make_unique<Deliverer>(loop_, *resolver_, host, std::move(target), options);
  }

  ReplayResult run() {
    loop_.post([this] { deliverer_->start({}); });
    loop_.run();
    return std::move(result_);
  }

 private:
  Result<std::vector<StoredEvent>> read(uint64_t after) override {
    auto events = source_(after);
    if (!events) {  // reading again would end no better
      result_.error = events.error().message;
      finish_later();
    }
    return events;
  }
  void save(const WebhookRow& row) override {
    result_.through = row.acked;
    if (progress_) progress_(deliverer_->state().delivered, row.acked);
  }
  void save_now(const WebhookRow& row) override {
    loop_.post([this, row] {
      if (deliverer_) deliverer_->on_saved(row);
    });
  }
  void set_aside(const WebhookRow& row, DeadLetter letter) override {
    ++result_.refused;
    result_.through = row.acked;
    result_.last_refusal = "event " + std::to_string(letter.sequence) + ": " + letter.reason;
  }
  void report(std::unique_ptr<AuditRecord> record) override {
    if (record->type != AuditType::kWebhookSuspended) return;
    result_.error = record->reason;
    finish_later();
  }
  void wake_later(const std::string&) override {
    loop_.post([this] {
      if (deliverer_) deliverer_->wake();
    });
  }
  // Not from within the deliverer, which finishing destroys.
  void on_changed(const Deliverer&) override {
    loop_.post([this] {
      // A wait is no end: the next attempt follows.
      if (deliverer_ && deliverer_->is_settled(Millis::max())) finish();
    });
  }
  bool has_untold_commits() const override { return false; }

  void finish_later() {
    loop_.post([this] {
      if (deliverer_) finish();
    });
  }
  void finish() {
    result_.deliveries = deliverer_->state().delivered;
    deliverer_.reset();
    resolver_.reset();
    loop_.stop();
  }

  const ReplaySource source_;
  const ReplayProgress progress_;
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<Deliverer> deliverer_;
  ReplayResult result_;
};

}  // namespace

ReplayResult replay(DeliveryTarget target, ReplaySource source, const AuditOptions& options,
                    ReplayProgress progress) {
  return ReplayRun(std::move(target), std::move(source), options, std::move(progress)).run();
}

}  // namespace sluice
