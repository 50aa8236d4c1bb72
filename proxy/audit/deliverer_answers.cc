// The part of the Deliverer that acts on a receiver's answers.
#include <algorithm>
#include <array>
#include <chrono>

#include "proxy/audit/deliverer.h"
#include "proxy/audit/event.h"
#include "proxy/audit/formats/splunk_ack.h"
#include "proxy/audit/handshake.h"
#include "proxy/crypto.h"
#include "proxy/http/retry_after.h"
#include "proxy/log.h"
#include "proxy/net/clock.h"

namespace sluice {
namespace {

constexpr size_t kSuspendedAfter = 5;          // failures in a row
constexpr Millis kSuspendedBeyond{3'600'000};  // or a receiver that wants to wait longer than this

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
  if (letter != nullptr) return host_.set_aside(target_.row, std::move(*letter));
  host_.save(target_.row);
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
  if (!state_.suspended && (failures_ >= kSuspendedAfter || retry_after > kSuspendedBeyond))
    suspend(state_.last_error);
  if (retry_after.count() > 0) {
    target_.row.not_before_ms = unix_ms_now() + retry_after.count();
    host_.save(target_.row);
  }
  wait(delay);
}

void Deliverer::disable() {
  phase_ = Phase::kDisabled;
  target_.row.disabled = true;
  target_.row.batch_through = 0;
  host_.save(target_.row);
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

}  // namespace sluice
