#include "proxy/audit/delivery.h"

#include <algorithm>

#include "proxy/audit/event.h"
#include "proxy/audit/quiet_thread.h"
#include "proxy/log.h"

namespace sluice {
namespace {

constexpr uint64_t kReadAhead = 128;  // events

}  // namespace

Delivery::Delivery(std::string spool, std::vector<DeliveryTarget> targets, SpoolWriter& writer,
                   const AuditOptions& options)
    : spool_(std::move(spool)),
      writer_(writer),
      first_head_(writer.last_sequence()),
      resolver_(std::make_unique<Resolver>(loop_)),
      patience_(*this),
      states_(targets.size()) {
  DelivererHost& host = *this;
  for (DeliveryTarget& target : targets) {
    names_.push_back(target.row.name);
    const size_t index = deliverers_.size();
    deliverers_.push_back(
        std::make_unique<Deliverer>(loop_, *resolver_, host, std::move(target), index, options));
  }
}

Delivery::~Delivery() { stop(Millis(0)); }

void Delivery::start() {
  loop_.post([this] { begin(); });
  thread_ = start_quiet_thread("sluice-webhooks", [this] { loop_.run(); });
}

void Delivery::stop(Millis patience) {
  if (!thread_.joinable()) return;
  loop_.post([this, patience] {
    stopping_ = true;
    stop_at_ = loop_.now() + patience;
    patience_.set(loop_.deadlines(), patience);
    take_committed();  // whatever is on disk by now is still sent
    finish_if_settled();
  });
  thread_.join();
}

std::vector<WebhookState> Delivery::states() const {
  const int64_t now = unix_ms_now();
  const std::lock_guard lock(mutex_);
  std::vector<WebhookState> list;
  for (size_t i = 0; i < states_.size(); ++i) {
    const DelivererState& state = states_[i];
    const int64_t age = state.oldest_ms == 0 ? 0 : std::max<int64_t>(0, now - state.oldest_ms);
    list.push_back({names_[i], state.backlog, static_cast<double>(age) / 1000, state.delivered, state.failed,
                    state.dead_letters, state.suspended, state.disabled, state.last_error});
  }
  return list;
}

void Delivery::on_committed(const TypeCounts& added) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < added.size(); ++i) committed_[i] += added[i];
  if (committed_posted_) return;
  committed_posted_ = true;
  loop_.post([this] { take_committed(); });
}

void Delivery::on_removed(uint64_t through, const std::vector<uint64_t>& removed) {
  loop_.post([this, through, removed] {
    for (size_t i = 0; i < deliverers_.size(); ++i) deliverers_[i]->on_removed(through, removed[i]);
  });
}

void Delivery::on_reopened() {
  loop_.post([this] { reader_.reset(); });
}

void Delivery::on_saved(const std::vector<WebhookRow>& rows) {
  loop_.post([this, rows] {
    for (size_t i = 0; i < deliverers_.size(); ++i) deliverers_[i]->on_saved(rows[i]);
  });
}

void Delivery::take_committed() {
  TypeCounts added;
  {
    const std::lock_guard lock(mutex_);
    added = std::exchange(committed_, {});
    committed_posted_ = false;
  }
  for (const auto& deliverer : deliverers_) {
    deliverer->on_committed(added);
    deliverer->wake();
  }
}

void Delivery::begin() {
  if (auto ready = ensure_reader(); !ready)
    log_error("the audit spool cannot be read for the webhooks", {{"why", ready.error().message}});
  for (const auto& deliverer : deliverers_) {
    TypeCounts backlog{};
    if (reader_ && !deliverer->state().disabled) {
      auto counts = reader_->count(deliverer->acked(), first_head_);
      if (counts) backlog = *counts;
    }
    deliverer->start(backlog);
  }
}

Result<void> Delivery::ensure_reader() {
  if (reader_) return {};
  auto opened = SpoolReader::open(spool_);
  if (!opened) return opened.error();
  reader_ = std::move(*opened);
  return {};
}

Result<std::vector<StoredEvent>> Delivery::read(uint64_t after) {
  if (auto ready = ensure_reader(); !ready) return ready.error();
  auto events = reader_->read(after, kReadAhead);
  if (!events) reader_.reset();
  return events;
}

void Delivery::wake_later(size_t index) {
  loop_.post([this, index] {
    if (index < deliverers_.size()) deliverers_[index]->wake();
  });
}

void Delivery::on_changed(size_t index) {
  {
    const std::lock_guard lock(mutex_);
    states_[index] = deliverers_[index]->state();
  }
  // Not from within a deliverer, which finishing destroys.
  if (stopping_) loop_.post([this] { finish_if_settled(); });
}

bool Delivery::has_untold_commits() const {
  const std::lock_guard lock(mutex_);
  return committed_posted_;
}

void Delivery::on_deadline() {
  loop_.post([this] { finish(); });
}

void Delivery::finish_if_settled() {
  const bool settled = std::all_of(deliverers_.begin(), deliverers_.end(),
                                   [this](const auto& deliverer) { return deliverer->is_settled(stop_at_); });
  if (settled) finish();
}

void Delivery::finish() {
  patience_.clear();
  deliverers_.clear();
  resolver_.reset();
  reader_.reset();
  loop_.stop();
}

}  // namespace sluice
