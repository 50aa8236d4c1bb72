#include "proxy/audit/deliverer.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "proxy/audit/formats/splunk_ack.h"
#include "proxy/audit/handshake.h"
#include "proxy/audit/retry.h"
#include "proxy/crypto.h"
#include "proxy/log.h"

namespace sluice {
namespace {

constexpr Millis kReadAgain{1'000};  // after the spool could not be read
constexpr int64_t kLongestWaitMs = 24LL * 3600 * 1000;
constexpr size_t kSuspendedAfter = 5;  // failures in a row

int64_t unix_ms_now() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double random_fraction() {
  std::array<uint8_t, 4> octets{};
  random_bytes(octets.data(), octets.size());
  uint32_t value = 0;
  for (const uint8_t octet : octets) value = value << 8 | octet;
  return static_cast<double>(value) / 4294967296.0;
}

// What went wrong, for logs, /status and dead letters.
std::string reason_of(const HttpResult& result, const EventFormat& format) {
  if (!result.error.empty()) return result.error;
  std::string reason = "answered " + std::to_string(result.status);
  if (result.status >= 300 && result.status < 400) reason += ", and redirects are not followed";
  const std::string words = format.explain(result);
  return words.empty() ? reason : reason + ": " + words;
}

Millis retry_after_of(const HttpResult& result) {
  for (const auto& [name, value] : result.headers)
    if (name == "retry-after")
      return parse_retry_after(value, std::chrono::system_clock::now()).value_or(Millis(0));
  return Millis(0);
}

}  // namespace

Deliverer::Deliverer(EventLoop& loop, Resolver& resolver, DelivererHost& host, DeliveryTarget target,
                     size_t index, const AuditOptions& options)
    : loop_(loop),
      host_(host),
      target_(std::move(target)),
      index_(index),
      options_(options),
      client_(make_http_client(loop, resolver, client_options(target_, options.attempt_timeout))),
      next_attempt_(*this),
      scanned_(target_.row.acked),
      most_events_(target_.format->most_events()) {
  // A batch that another format of this webhook has kept: this one sends a single event.
  if (!is_batching()) target_.row.batch_through = 0;
}

void Deliverer::start(const TypeCounts& backlog) {
  if (target_.row.disabled) {
    phase_ = Phase::kDisabled;
    state_.disabled = true;
    state_.last_error = "answered 410";
    log_warning("a webhook is disabled because it answered 410: change its url or its name to use it again",
                {{"webhook", name()}});
    publish();
    return;
  }
  on_committed(backlog);
  const int64_t left = std::min(target_.row.not_before_ms - unix_ms_now(), kLongestWaitMs);
  if (left > 0) return wait(Millis(left));
  pump();
}

void Deliverer::wake() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kReading) pump();
}

void Deliverer::on_committed(const TypeCounts& added) {
  if (phase_ == Phase::kDisabled) return;
  for (size_t i = 0; i < added.size(); ++i)
    if (target_.wants(static_cast<AuditType>(i))) behind_ += static_cast<int64_t>(added[i]);
  publish();
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
    host_.save(index_, target_.row);
  }
  if (more) {
    phase_ = Phase::kReading;
    host_.wake_later(index_);
  } else if (!host_.has_untold_commits()) {
    behind_ = 0;  // also forgets what a removal counted twice
  }
  publish();
}

void Deliverer::ask_consent() {
  phase_ = Phase::kAsking;
  publish();
  client_->send(make_consent_request(target_), [this](const HttpResult& result) { on_consent(result); });
}

void Deliverer::on_consent(const HttpResult& result) {
  if (result.error.empty() && result.status == 410) return disable();
  auto pause = read_consent(result, target_.origin);
  if (!pause) return on_failure(pause.error().message, retry_after_of(result));
  allowed_pause_ = *pause;
  consent_until_ = loop_.now() + kConsentPeriod;
  pump();
}

// Chooses what goes next. A delivery of several is kept first: sent again, it has to be the same.
void Deliverer::prepare() {
  window_.choose(most_events_, most_octets(), target_.row.batch_through);
  if (!is_batching() || target_.row.batch_through == window_.chosen_through()) return send();
  target_.row.batch_through = window_.chosen_through();
  phase_ = Phase::kSaving;
  publish();
  host_.save_now(index_, target_.row);
}

void Deliverer::on_saved(const WebhookRow& row) {
  if (phase_ != Phase::kSaving || row.batch_through != target_.row.batch_through) return;
  if (window_.chosen_count() == 0) return pump();  // removed meanwhile
  send();
}

void Deliverer::send() {
  phase_ = Phase::kSending;
  publish();
  client_->send(make_delivery(target_, window_.chosen(), unix_ms_now() / 1000),
                [this](const HttpResult& result) { on_answer(result); });
}

void Deliverer::on_answer(const HttpResult& result) {
  switch (target_.format->judge(result)) {
    case Verdict::kTaken: {
      if (!target_.config.indexer_acknowledgement) return on_taken();
      const auto number = read_ack_id(result.body);
      if (!number)
        return on_failure("took the events without an ackId: switch indexer acknowledgement on for the token",
                          Millis(0));
      acknowledgement_ = *number;
      confirm_until_ = loop_.now() + options_.confirm_timeout;
      return confirm();
    }
    case Verdict::kRefused: return on_refused(result);
    case Verdict::kGone: ++state_.failed; return disable();
    case Verdict::kLater: return on_failure(reason_of(result, *target_.format), retry_after_of(result));
  }
}

void Deliverer::confirm() {
  phase_ = Phase::kConfirming;
  client_->send(make_acknowledgement_request(target_, acknowledgement_),
                [this](const HttpResult& result) { on_confirmation(result); });
}

// An index that takes its time is asked again; one that never says yes gets the events again.
void Deliverer::on_confirmation(const HttpResult& result) {
  if (result.error.empty() && result.status == 200 &&
      read_ack_answer(result.body, acknowledgement_).value_or(false))
    return on_taken();
  if (loop_.now() >= confirm_until_) return on_failure("took the events and did not index them", Millis(0));
  next_attempt_.set(loop_.deadlines(), options_.confirm_interval);
}

void Deliverer::on_taken() {
  resume();
  refusals_ = 0;
  most_events_ = std::min(2 * most_events_, target_.format->most_events());
  ++state_.delivered;
  state_.last_error.clear();
  target_.row.not_before_ms = 0;
  const Millis pause = std::max(target_.format->pause(), allowed_pause_);
  advance(nullptr);
  if (pause.count() > 0) return wait(pause);
  pump();
}

// The delivery is done with; `letter`: was set aside.
void Deliverer::advance(DeadLetter* letter) {
  behind_ -= static_cast<int64_t>(window_.chosen_count());
  target_.row.acked = window_.chosen_through();
  target_.row.batch_through = 0;
  window_.drop_chosen();
  if (letter != nullptr) return host_.set_aside(index_, target_.row, std::move(*letter));
  host_.save(index_, target_.row);
}

// Half of it may be taken. A single event that is refused is set aside: it would hold up all others.
void Deliverer::on_refused(const HttpResult& result) {
  ++state_.failed;
  failures_ = 0;
  state_.last_error = reason_of(result, *target_.format);
  if (window_.chosen_count() > 1) {
    most_events_ = window_.chosen_count() / 2;
    target_.row.batch_through = 0;
    window_.remove(removed_through_, false);
    return pump();
  }
  const StoredEvent event = window_.chosen().front();
  log_error("a webhook refuses an event, which is set aside: sluice audit replay --dead sends it again",
            {{"webhook", name()}, {"why", state_.last_error}, {"event", event.id}});
  ++state_.dead_letters;
  DeadLetter letter{name(), event.sequence, unix_ms_now(), state_.last_error, event.body};
  advance(&letter);
  // Whoever refuses one after the other is not asked faster than it is after a failure.
  if (++refusals_ > 1) return wait(options_.retry_delays.front());
  pump();
}

void Deliverer::on_failure(std::string reason, Millis retry_after) {
  ++state_.failed;
  ++failures_;
  state_.last_error = std::move(reason);
  window_.remove(removed_through_, false);
  const Millis delay =
      std::max(retry_delay(options_.retry_delays, failures_, random_fraction()), retry_after);
  log_warning("a webhook did not take an event: it will be tried again",
              {{"webhook", name()}, {"why", state_.last_error}, {"retry_in", format_duration(delay)}});
  if (failures_ == kSuspendedAfter) suspend(state_.last_error);
  if (retry_after.count() > 0) {
    target_.row.not_before_ms = unix_ms_now() + retry_after.count();
    host_.save(index_, target_.row);
  }
  wait(delay);
}

void Deliverer::disable() {
  phase_ = Phase::kDisabled;
  target_.row.disabled = true;
  target_.row.batch_through = 0;
  host_.save(index_, target_.row);
  window_.clear();
  state_.disabled = true;
  state_.last_error = "answered 410";
  behind_ = 0;
  log_error("a webhook answered 410 and is disabled: change its url or its name to use it again",
            {{"webhook", name()}});
  suspend(state_.last_error);
  publish();
}

// It is still tried, at the pace of the retries. The other webhooks learn of it.
void Deliverer::suspend(std::string_view reason) {
  state_.suspended = true;
  auto record = std::make_unique<AuditRecord>();
  record->type = AuditType::kWebhookSuspended;
  record->reason = reason;
  record->details = {{"webhook", name()}};
  host_.report(std::move(record));
}

void Deliverer::resume() {
  if (failures_ > 0)
    log_info("a webhook takes events again",
             {{"webhook", name()}, {"attempts", std::to_string(failures_ + 1)}});
  failures_ = 0;
  if (!std::exchange(state_.suspended, false)) return;
  auto record = std::make_unique<AuditRecord>();
  record->type = AuditType::kWebhookResumed;
  record->details = {{"webhook", name()}};
  host_.report(std::move(record));
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
  host_.on_changed(index_);
}

}  // namespace sluice
