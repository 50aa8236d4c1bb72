#include "proxy/audit/deliverer.h"

#include <algorithm>
#include <chrono>

#include "proxy/audit/address_guard.h"
#include "proxy/audit/retry.h"
#include "proxy/crypto.h"
#include "proxy/log.h"

namespace sluice {
namespace {

constexpr Millis kReadAgain{1'000};  // after the spool could not be read
constexpr int64_t kLongestWaitMs = 24LL * 3600 * 1000;

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

HttpClientOptions client_options(const DeliveryTarget& target, Millis attempt_timeout) {
  HttpClientOptions options;
  options.origin = target.config.url;
  options.tls = target.tls.get();
  options.total_timeout = attempt_timeout;
  options.connect_timeout = std::min(options.connect_timeout, attempt_timeout);
  const bool public_only = target.config.public_only;
  options.refuse_address = [public_only](const IpAddress& address) {
    return refuse_webhook_address(address, public_only);
  };
  return options;
}

// What went wrong, for logs and /status.
std::string reason_of(const HttpResult& result) {
  if (!result.error.empty()) return result.error;
  std::string reason = "answered " + std::to_string(result.status);
  if (result.status >= 300 && result.status < 400) reason += ", and redirects are not followed";
  return reason;
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
      retry_delays_(options.retry_delays),
      client_(make_http_client(loop, resolver, client_options(target_, options.attempt_timeout))),
      next_attempt_(*this),
      scanned_(target_.row.acked) {}

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
    if (target_.filter.matches(static_cast<AuditType>(i))) behind_ += static_cast<int64_t>(added[i]);
  publish();
}

void Deliverer::on_removed(uint64_t through, uint64_t removed) {
  if (phase_ == Phase::kDisabled) return;
  behind_ -= static_cast<int64_t>(removed);
  removed_through_ = through;
  // What is under way may still arrive; everything else that was removed is not sent.
  const size_t keep = phase_ == Phase::kSending ? 1 : 0;
  while (window_.size() > keep && window_[keep].sequence <= through)
    window_.erase(window_.begin() + static_cast<std::ptrdiff_t>(keep));
  publish();
}

bool Deliverer::is_settled(Millis until) const {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kDisabled: return true;
    case Phase::kReading:
    case Phase::kSending: return false;
    case Phase::kWaiting: return next_attempt_at_ > until;
  }
  return true;
}

void Deliverer::on_deadline() { pump(); }

void Deliverer::pump() {
  phase_ = Phase::kIdle;
  if (!window_.empty()) return send();
  auto events = host_.read(scanned_);
  if (!events) {
    state_.last_error = events.error().message;
    return wait(kReadAgain);
  }
  for (StoredEvent& event : *events) {
    scanned_ = event.sequence;
    if (target_.filter.matches(event.type)) window_.push_back(std::move(event));
  }
  if (!window_.empty()) return send();
  // Nothing that it wants up to here: the spool need not keep these for it.
  acknowledge(scanned_);
  if (events->empty()) {
    if (!host_.has_untold_commits()) behind_ = 0;  // also forgets what a removal counted twice
  } else {
    phase_ = Phase::kReading;
    host_.wake_later(index_);
  }
  publish();
}

void Deliverer::send() {
  const StoredEvent& event = window_.front();
  const int64_t seconds = unix_ms_now() / 1000;
  HttpCall call;
  call.target = target_.config.url.path.empty() ? "/" : target_.config.url.path;
  call.headers = {{"Content-Type", "application/cloudevents+json"},
                  {"User-Agent", "sluice"},
                  {"webhook-id", event.id},
                  {"webhook-timestamp", std::to_string(seconds)}};
  auto signature = target_.signer.sign(event.id, seconds, event.body);
  if (!signature.first.empty()) call.headers.push_back(std::move(signature));
  for (const auto& [header, value] : target_.headers) call.headers.emplace_back(header, value.reveal());
  call.body = event.body;
  phase_ = Phase::kSending;
  publish();
  client_->send(std::move(call), [this](const HttpResult& result) { on_answer(result); });
}

void Deliverer::on_answer(const HttpResult& result) {
  if (!result.error.empty() || result.status < 200 || result.status > 299) return on_failure(result);
  on_success();
}

void Deliverer::on_success() {
  if (failures_ > 0)
    log_info("a webhook takes events again",
             {{"webhook", name()}, {"attempts", std::to_string(failures_ + 1)}});
  failures_ = 0;
  ++state_.delivered;
  state_.last_error.clear();
  --behind_;
  target_.row.not_before_ms = 0;
  const uint64_t sequence = window_.front().sequence;
  window_.pop_front();
  acknowledge(sequence);
  pump();
}

void Deliverer::on_failure(const HttpResult& result) {
  ++state_.failed;
  ++failures_;
  state_.last_error = reason_of(result);
  if (result.error.empty() && result.status == 410) return disable();
  if (window_.front().sequence <= removed_through_) window_.pop_front();
  const Millis named = retry_after_of(result);
  const Millis delay = std::max(retry_delay(retry_delays_, failures_, random_fraction()), named);
  log_warning("a webhook did not take an event: it will be tried again",
              {{"webhook", name()}, {"why", state_.last_error}, {"retry_in", format_duration(delay)}});
  if (named.count() > 0) {
    target_.row.not_before_ms = unix_ms_now() + named.count();
    host_.save(index_, target_.row);
  }
  wait(delay);
}

void Deliverer::disable() {
  phase_ = Phase::kDisabled;
  target_.row.disabled = true;
  host_.save(index_, target_.row);
  window_.clear();
  state_.disabled = true;
  behind_ = 0;
  log_error("a webhook answered 410 and is disabled: change its url or its name to use it again",
            {{"webhook", name()}});
  publish();
}

void Deliverer::wait(Millis delay) {
  phase_ = Phase::kWaiting;
  next_attempt_at_ = loop_.now() + delay;
  next_attempt_.set(loop_.deadlines(), delay);
  publish();
}

void Deliverer::acknowledge(uint64_t sequence) {
  if (sequence == target_.row.acked) return;
  target_.row.acked = sequence;
  host_.save(index_, target_.row);
}

void Deliverer::publish() {
  state_.backlog = static_cast<uint64_t>(std::max<int64_t>(behind_, 0));
  state_.oldest_ms = window_.empty() ? 0 : window_.front().time_ms;
  host_.on_changed(index_);
}

}  // namespace sluice
