#include "proxy/audit/delivery.h"
#include "proxy/net/clock.h"

#include <algorithm>
#include <future>

#include "proxy/audit/event.h"
#include "proxy/log.h"
#include "proxy/net/quiet_thread.h"

namespace sluice {
namespace {

constexpr uint64_t kReadAhead = 128;  // events

}  // namespace

Delivery::Delivery(std::string spool, std::vector<DeliveryTarget> targets, SpoolWriter& writer,
                   const AuditOptions& options)
    : spool_(std::move(spool)),
      writer_(writer),
      options_(options),
      told_through_(writer.last_sequence()),
      resolver_(std::make_unique<Resolver>(loop_)),
      patience_(*this),
      committed_through_(told_through_) {
  for (DeliveryTarget& target : targets) {
    states_.emplace_back(target.row.name, DelivererState{});
    add(std::move(target), nullptr);
  }
}

void Delivery::add(DeliveryTarget target, const Deliverer* before) {
  DelivererHost& host = *this;
  deliverers_.push_back(
      std::make_unique<Deliverer>(loop_, *resolver_, host, std::move(target), options_, before));
}

Delivery::~Delivery() { stop(Millis(0)); }

void Delivery::start() {
  if (deliverers_.empty()) return;
  loop_.post([this] {
    for (const auto& deliverer : deliverers_) begin(*deliverer);
  });
  is_running();
}

// Starts the thread, unless it was stopped.
bool Delivery::is_running() {
  const std::lock_guard lock(mutex_);
  if (!ended_ && !thread_.joinable())
    thread_ = start_quiet_thread("sluice-webhooks", [this] { loop_.run(); });
  return !ended_;
}

void Delivery::stop(Millis patience) {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    thread = std::move(thread_);
  }
  if (!thread.joinable()) return;
  loop_.post([this, patience] {
    stopping_ = true;
    stop_at_ = loop_.now() + patience;
    patience_.set(loop_.deadlines(), patience);
    take_committed();  // whatever is on disk by now is still sent
    finish_if_settled();
  });
  thread.join();
}

std::vector<WebhookState> Delivery::states() const {
  const int64_t now = unix_ms_now();
  const std::lock_guard lock(mutex_);
  std::vector<WebhookState> list;
  for (const auto& [name, state] : states_) {
    const int64_t age = state.oldest_ms == 0 ? 0 : std::max<int64_t>(0, now - state.oldest_ms);
    list.push_back({name, state.backlog, static_cast<double>(age) / 1000, state.delivered, state.failed,
                    state.dead_letters, state.suspended, state.disabled, state.last_error});
  }
  return list;
}

void Delivery::on_committed(const TypeCounts& added, uint64_t through) {
  const std::lock_guard lock(mutex_);
  committed_through_ = through;
  for (size_t i = 0; i < added.size(); ++i) committed_[i] += added[i];
  if (committed_posted_ || states_.empty()) return;
  committed_posted_ = true;
  loop_.post([this] { take_committed(); });
}

void Delivery::on_removed(uint64_t through, const std::vector<RemovedEvents>& removed) {
  if (removed.empty()) return;
  loop_.post([this, through, removed] {
    for (const auto& [webhook, count] : removed)
      if (Deliverer* const deliverer = find(webhook)) deliverer->on_removed(through, count);
  });
}

void Delivery::on_reopened() {
  {
    const std::lock_guard lock(mutex_);
    if (states_.empty()) return;
  }
  loop_.post([this] { reader_.reset(); });
}

void Delivery::on_saved(const std::vector<WebhookRow>& rows) {
  if (rows.empty()) return;
  loop_.post([this, rows] {
    for (const WebhookRow& row : rows)
      if (Deliverer* const deliverer = find(row.name)) deliverer->on_saved(row);
  });
}

void Delivery::take_committed() {
  TypeCounts added;
  {
    const std::lock_guard lock(mutex_);
    added = std::exchange(committed_, {});
    committed_posted_ = false;
    told_through_ = committed_through_;
  }
  for (const auto& deliverer : deliverers_) {
    deliverer->on_committed(added);
    deliverer->wake();
  }
}

Deliverer* Delivery::find(std::string_view webhook) const {
  for (const auto& deliverer : deliverers_)
    if (deliverer->name() == webhook) return deliverer.get();
  return nullptr;
}

// It may be ahead of what was told of: events are read as soon as they are there.
void Delivery::begin(Deliverer& deliverer) {
  const uint64_t from = std::min(deliverer.acked(), told_through_);
  const uint64_t to = std::max(deliverer.acked(), told_through_);
  TypeCounts backlog{};
  if (auto ready = ensure_reader(); !ready) {
    log_error("the audit spool cannot be read for the webhooks", {{"why", ready.error().message}});
  } else if (auto counts = reader_->count(from, to)) {
    backlog = *counts;
  }
  deliverer.start(backlog, deliverer.acked() > told_through_);
}

void Delivery::take_up(std::vector<DeliveryTarget> targets, Millis patience) {
  if (targets.empty() && states().empty()) return;
  if (!is_running()) return;
  const auto given = std::make_shared<std::vector<DeliveryTarget>>(std::move(targets));
  auto done = std::make_shared<std::promise<void>>();
  const std::future<void> is_done = done->get_future();
  // What is posted after the loop ended is dropped, which ends the waiting too.
  loop_.post([this, given, done = std::move(done)] {
    if (!stopping_) replace(std::move(*given));
    done->set_value();
  });
  is_done.wait_for(patience);
}

// Positions change on this thread only: none is lost between the old one's last and the new one's first.
void Delivery::replace(std::vector<DeliveryTarget> targets) {
  take_committed();
  const uint64_t head = writer_.last_sequence();
  auto before = std::exchange(deliverers_, {});
  std::vector<Deliverer*> new_ones;
  for (DeliveryTarget& target : targets) {
    const auto known = std::find_if(before.begin(), before.end(), [&target](const auto& deliverer) {
      return deliverer && deliverer->name() == target.row.name;
    });
    if (known != before.end() && (*known)->target().is_same(target)) {
      deliverers_.push_back(std::move(*known));
      continue;
    }
    const WebhookRow* const row = known == before.end() ? nullptr : &(*known)->target().row;
    resume(target, row, row == nullptr ? head : std::max(head, row->acked));
    add(std::move(target), row == nullptr ? nullptr : known->get());
    new_ones.push_back(deliverers_.back().get());
  }
  before.clear();  // cuts what they send
  std::vector<SpoolWebhook> kept;
  std::vector<std::pair<std::string, DelivererState>> states;
  for (const auto& deliverer : deliverers_) {
    kept.push_back({deliverer->target().row, deliverer->target().filter});
    states.emplace_back(deliverer->name(), deliverer->state());
  }
  writer_.take_up(std::move(kept));
  {
    const std::lock_guard lock(mutex_);
    states_.swap(states);
  }
  for (Deliverer* const deliverer : new_ones) begin(*deliverer);
  take_committed();  // nobody is woken by a commit while there is no webhook
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

void Delivery::wake_later(const std::string& webhook) {
  loop_.post([this, webhook] {
    if (Deliverer* const deliverer = find(webhook)) deliverer->wake();
  });
}

void Delivery::on_changed(const Deliverer& deliverer) {
  {
    const std::lock_guard lock(mutex_);
    for (auto& [name, state] : states_)
      if (name == deliverer.name()) state = deliverer.state();
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
