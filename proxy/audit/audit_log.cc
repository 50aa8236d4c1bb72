#include "proxy/audit/audit_log.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "proxy/audit/checkpoint.h"
#include "proxy/audit/checkpoint_key.h"
#include "proxy/audit/delivery.h"
#include "proxy/audit/event_source.h"
#include "proxy/audit/spool_lock.h"
#include "proxy/audit/spool_opening.h"
#include "proxy/audit/spool_writer.h"
#include "proxy/crypto.h"
#include "proxy/log.h"

namespace sluice {
namespace {

constexpr Millis kTakeUpPatience{5'000};  // for the thread of the webhooks, which waits for the disk at most

// Waits for one record, where blocking is allowed.
class BlockingWaiter : public AuditWaiter {
 public:
  void on_recorded(uint64_t, bool) override {
    // Notified under the lock: the waiter may be gone as soon as it is let go of.
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

// What it takes to deliver to each.
Result<std::vector<DeliveryTarget>> make_targets(std::vector<ResolvedWebhook> webhooks) {
  std::vector<DeliveryTarget> targets;
  for (ResolvedWebhook& webhook : webhooks) {
    auto target = make_delivery_target(std::move(webhook), event_origin());
    if (!target) return target.error();
    targets.push_back(std::move(*target));
  }
  return targets;
}

// The setting that changed and cannot while the gate runs, or null.
const char* needs_restart(const AuditConfig& before, const AuditConfig& now) {
  if (before.spool != now.spool) return "spool";
  if (before.durability != now.durability) return "durability";
  const bool same_key = before.checkpoint_key.kind == now.checkpoint_key.kind &&
                        before.checkpoint_key.name == now.checkpoint_key.name;
  return same_key ? nullptr : "checkpoint_key";
}

class SpooledAuditLog final : public AuditLog {
 public:
  SpooledAuditLog(const AuditConfig& config, SpoolLock lock, std::unique_ptr<SpoolWriter> writer,
                  std::unique_ptr<Delivery> delivery)
      : config_(config), lock_(std::move(lock)), writer_(std::move(writer)), delivery_(std::move(delivery)) {
    writer_->start(delivery_.get());
    delivery_->start();
  }
  ~SpooledAuditLog() override { SpooledAuditLog::stop(Millis(0)); }

  std::unique_ptr<AuditRecord> submit(std::unique_ptr<AuditRecord> record, AuditWaiter* waiter,
                                      uint64_t token) override {
    return writer_->submit(std::move(record), waiter, token);
  }
  bool usable() const override { return writer_->usable(); }
  uint64_t last_sequence() const override { return writer_->last_sequence(); }
  std::array<uint64_t, kAuditTypeCount> events_by_type() const override { return writer_->events_by_type(); }
  std::string trouble() const override { return writer_->trouble(); }
  CheckpointState checkpoints() const override { return writer_->checkpoints(); }
  uint64_t spool_bytes() const override { return writer_->spool_bytes(); }
  std::vector<WebhookState> webhooks() const override { return delivery_->states(); }

  Result<void> take_up(const AuditConfig& config, std::vector<ResolvedWebhook> webhooks) override {
    if (const auto* const key = needs_restart(config_, config))
      return Error{std::string("audit.") + key + " has changed, which takes effect at a restart only"};
    auto targets = make_targets(std::move(webhooks));
    if (!targets) return targets.error();
    writer_->retain(config.retain_size, config.retain_age);
    delivery_->take_up(std::move(*targets), kTakeUpPatience);
    return {};
  }

  void stop(Millis patience) override {
    if (stopped_) return;
    stopped_ = true;
    auto record = std::make_unique<AuditRecord>();
    record->type = AuditType::kGateStopped;
    BlockingWaiter waiter;
    writer_->submit(std::move(record), &waiter, 0);
    waiter.wait();
    delivery_->stop(patience);
    writer_->stop();  // last: it keeps how far the webhooks came
  }

 private:
  const AuditConfig config_;
  SpoolLock lock_;
  std::unique_ptr<SpoolWriter> writer_;
  std::unique_ptr<Delivery> delivery_;
  bool stopped_ = false;
};

// Returns the names of the webhooks that are no longer configured: the spool keeps nothing for them.
std::vector<std::string> resume_all(std::vector<DeliveryTarget>& targets, const std::vector<WebhookRow>& kept,
                                    uint64_t head) {
  std::vector<std::string> forgotten;
  std::map<std::string_view, const WebhookRow*> rows;
  for (const WebhookRow& row : kept) rows.emplace(row.name, &row);
  for (DeliveryTarget& target : targets) {
    const auto found = rows.extract(target.row.name);
    resume(target, found ? found.mapped() : nullptr, head);
  }
  forgotten.reserve(rows.size());
  for (const auto& [name, row] : rows) forgotten.emplace_back(name);
  return forgotten;
}

Result<std::unique_ptr<Checkpointer>> make_checkpointer(const AuditConfig& config,
                                                        const AuditOptions& options, const Spool& spool) {
  auto key = open_checkpoint_key(config.checkpoint_key, config.spool);
  if (!key) return key.error();
  auto checkpointer =
      std::make_unique<Checkpointer>(NoteSigner(checkpoint_key_name(spool.id()), std::move(*key)), spool.id(),
                                     config, options, spool.head().sequence);
  log_info("the audit is signed", {{"checkpoint_key", checkpointer->state().key}});
  if (auto done = publish_checkpoint_key(config.spool, checkpointer->verifier()); !done)
    log_warning("the public key of the checkpoints is not beside the spool", {{"why", done.error().message}});
  return checkpointer;
}

Result<SpoolKnowledge> read_knowledge(Spool& spool, const std::vector<std::string>& names) {
  SpoolKnowledge known{spool.id(), {}};
  for (const std::string& name : names) {
    auto fact = spool.fact(name);
    if (!fact) return fact.error();
    if (*fact) known.facts.emplace(name, **std::move(fact));
  }
  return known;
}

std::vector<AuditRecord> records_of(const StartReport& report, const SpoolKnowledge& known) {
  return report.records ? report.records(known) : std::vector<AuditRecord>{started_record(known)};
}

}  // namespace

AuditRecord started_record(const SpoolKnowledge& known) {
  AuditRecord started;
  started.type = AuditType::kGateStarted;
  started.time = std::chrono::system_clock::now();
  started.details = {{"spool", known.spool_id}};
  return started;
}

Result<std::unique_ptr<AuditLog>> open_audit_log(const AuditConfig& config,
                                                 std::vector<ResolvedWebhook> webhooks,
                                                 const AuditOptions& options, const StartReport& report,
                                                 RecordObserver* observer) {
  auto targets = make_targets(std::move(webhooks));
  if (!targets) return targets.error();
  auto lock = SpoolLock::take(config.spool);
  if (!lock) return lock.error();
  auto opened = open_spool_to_write(config);
  if (!opened) return opened.error();
  std::unique_ptr<Spool>& spool = opened->spool;
  auto kept = spool->webhooks();
  if (!kept) return kept.error();

  auto checkpointer = make_checkpointer(config, options, *spool);
  if (!checkpointer) return checkpointer.error();
  SpoolWriter::Setup setup{
      config, options, event_source(), {}, {}, std::move(opened->before), std::move(*checkpointer), observer};
  setup.forgotten_webhooks = resume_all(*targets, *kept, spool->head().sequence);
  for (const DeliveryTarget& target : *targets) setup.webhooks.push_back({target.row, target.filter});
  auto known = read_knowledge(*spool, report.facts);
  if (!known) return known.error();
  auto writer = std::make_unique<SpoolWriter>(std::move(setup), std::move(spool));
  if (auto done = writer->begin(records_of(report, *known)); !done) return done.error();
  auto delivery = std::make_unique<Delivery>(config.spool, std::move(*targets), *writer, options);
  return std::unique_ptr<AuditLog>(
      std::make_unique<SpooledAuditLog>(config, std::move(*lock), std::move(writer), std::move(delivery)));
}

}  // namespace sluice
