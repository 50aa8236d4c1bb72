#include "proxy/audit/deliverer.h"
#include "proxy/net/clock.h"

#include <algorithm>

#include "proxy/audit/event.h"
#include "proxy/log.h"

namespace sluice {
namespace {

constexpr Millis kReadAgain{1'000};  // after the spool could not be read
constexpr int64_t kLongestWaitMs = 24LL * 3600 * 1000;

}  // namespace

Deliverer::Deliverer(EventLoop& loop, Resolver& resolver, DelivererHost& host, DeliveryTarget target,
                     const AuditOptions& options, const Deliverer* before)
    : loop_(loop),
      host_(host),
      target_(std::move(target)),
      options_(options),
      client_(make_http_client(loop, resolver, client_options(target_, options.attempt_timeout))),
      next_attempt_(*this),
      scanned_(target_.row.acked),
      most_events_(target_.format->most_events()) {
  // A batch that another format of this webhook has kept: this one sends a single event.
  if (!is_batching()) target_.row.batch_through = 0;
  if (before == nullptr) return;
  state_ = before->state_;  // who was told that it is suspended is told when it takes events again
  state_.disabled = false;
}

void Deliverer::start(const TypeCounts& backlog, bool told_once_more) {
  if (target_.row.disabled) {
    phase_ = Phase::kDisabled;
    state_.disabled = true;
    state_.last_error = "answered 410";
    log_warning("a webhook is disabled because it answered 410: change its url or its name to use it again",
                {{"webhook", name()}});
    publish();
    return;
  }
  count(backlog, told_once_more ? -1 : 1);
  publish();
  const int64_t left = std::min(target_.row.not_before_ms - unix_ms_now(), kLongestWaitMs);
  if (left > 0) return wait(Millis(left));
  pump();
}

void Deliverer::wake() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kReading) pump();
}

void Deliverer::on_committed(const TypeCounts& added) {
  if (phase_ == Phase::kDisabled) return;
  count(added, 1);
  publish();
}

void Deliverer::count(const TypeCounts& events, int64_t sign) {
  for (size_t i = 0; i < events.size(); ++i)
    if (target_.wants(static_cast<AuditType>(i))) behind_ += sign * static_cast<int64_t>(events[i]);
}

void Deliverer::on_removed(uint64_t through, uint64_t removed) {
  if (phase_ == Phase::kDisabled) return;
  behind_ -= static_cast<int64_t>(removed);
  removed_through_ = through;
  // What is under way may still arrive; everything else that was removed is not sent.
  window_.remove(through, is_under_way());
  publish();
}

bool Deliverer::is_settled(Millis until) const {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kDisabled: return true;
    case Phase::kReading:
    case Phase::kAsking:
    case Phase::kSaving:
    case Phase::kSending:
    case Phase::kConfirming: return false;
    case Phase::kWaiting: return next_attempt_at_ > until;
  }
  return true;
}

void Deliverer::on_deadline() {
  if (phase_ == Phase::kConfirming) return confirm();
  pump();
}

void Deliverer::pump() {
  phase_ = Phase::kIdle;
  const bool more = fill();
  if (phase_ == Phase::kWaiting) return;
  if (more || window_.empty()) return rest(more);
  if (target_.config.handshake && loop_.now() >= consent_until_) return ask_consent();
  prepare();
}

// One read, if the window can take it. Whether another one is to follow.
bool Deliverer::fill() {
  const bool has_batch = target_.row.batch_through > scanned_;
  if (!has_batch && window_.has_enough(most_events_, most_octets())) return false;
  auto events = host_.read(scanned_);
  if (!events) {
    state_.last_error = events.error().message;
    wait(kReadAgain);
    return false;
  }
  for (StoredEvent& event : *events) {
    scanned_ = event.sequence;
    if (target_.wants(event)) {
      window_.add(std::move(event));
    } else if (target_.wants(event.type)) {
      --behind_;
    }
  }
  return !events->empty() && (has_batch || !window_.has_enough(most_events_, most_octets()));
}

// Nothing to send for now.
void Deliverer::rest(bool more) {
  if (window_.empty() && scanned_ != target_.row.acked) {
    // Nothing that it wants up to here: the spool need not keep these for it.
    target_.row.acked = scanned_;
    host_.save(target_.row);
  }
  if (more) {
    phase_ = Phase::kReading;
    host_.wake_later(name());
  } else if (!host_.has_untold_commits()) {
    behind_ = 0;  // also forgets what a removal counted twice
  }
  publish();
}

// Chooses what goes next. A delivery of several is kept first: sent again, it has to be the same.
void Deliverer::prepare() {
  window_.choose(most_events_, most_octets(), target_.row.batch_through);
  if (!is_batching() || target_.row.batch_through == window_.chosen_through()) return send();
  target_.row.batch_through = window_.chosen_through();
  phase_ = Phase::kSaving;
  publish();
  host_.save_now(target_.row);
}

void Deliverer::on_saved(const WebhookRow& row) {
  if (phase_ != Phase::kSaving || row.batch_through != target_.row.batch_through ||
      row.url_sha256 != target_.row.url_sha256)
    return;
  if (window_.chosen_count() == 0) return pump();  // removed meanwhile
  send();
}

void Deliverer::send() {
  phase_ = Phase::kSending;
  publish();
  client_->send(make_delivery(target_, window_.chosen(), unix_ms_now() / 1000),
                [this](const HttpResult& result) { on_answer(result); });
}

void Deliverer::wait(Millis delay) {
  phase_ = Phase::kWaiting;
  next_attempt_at_ = loop_.now() + delay;
  next_attempt_.set(loop_.deadlines(), delay);
  publish();
}

void Deliverer::publish() {
  state_.backlog = static_cast<uint64_t>(std::max<int64_t>(behind_, 0));
  state_.oldest_ms = window_.empty() ? 0 : window_.front().time_ms;
  host_.on_changed(*this);
}

}  // namespace sluice
