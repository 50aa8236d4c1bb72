// Who asks: known at once, or once newer keys of a token's issuer have come; a 401 may be held back. The body
// is not read meanwhile.
#include "proxy/gate/downstream.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/worker.h"

namespace sluice {

// False: it is answered, or it waits.
bool Exchange::identify() {
  const Identity::Answer caller = ask_identity();
  if (caller.client) {
    take_client(caller);
    return true;
  }
  if (!caller.newer_keys_of.empty()) {
    key_wait_ = worker_.callers().wait_for_keys(caller.newer_keys_of, *this);
    if (key_wait_ != 0) {
      wait_for_identity(Callers::kKeyPatience);
      return false;
    }
    return refuse_caller(AuthFailure::kJwtNoKeys);
  }
  return refuse_caller(caller.why);
}

Identity::Answer Exchange::ask_identity() const {
  static const KeySnapshot kNoKeys;
  const Identity& identity = serving_->identity;
  const std::string_view header = serving_->apis[route_.api].credential.header();
  // What answers is part of `identity`, not of the keys.
  const auto keys = identity.knows_issuers() ? worker_.callers().keys() : nullptr;
  const KeySnapshot& known = keys != nullptr ? *keys : kNoKeys;
  const auto now = std::chrono::system_clock::now();
  const Tunnelled* tunnel = downstream_->tunnelled();
  if (tunnel != nullptr && tunnel->opener.given) {
    return identify_in_tunnel(identity, serving_->config.clients, tunnel->opener, head_.fields, header, known,
                              now);
  }
  return identity.identify(head_.fields, header, downstream_->stream(), known, now);
}

void Exchange::take_client(const Identity::Answer& caller) {
  client_ = *caller.client;
  record_->client = serving_->config.clients[client_].name;
  if (caller.issuer.empty()) return;
  record_->details.emplace_back("token_issuer", caller.issuer);
  record_->details.emplace_back("token_subject", caller.subject);
}

void Exchange::wait_for_identity(Millis patience) {
  enter(Phase::kIdentifying);
  const bool has_body = head_.framing.kind == Framing::Kind::kChunked ||
                        (head_.framing.kind == Framing::Kind::kLength && head_.framing.length > 0);
  if (has_body && !body_.whole) downstream_->want_body(false);
  deadline_.set(worker_.loop().deadlines(), patience);
}

// Always false: it is answered, or will be.
bool Exchange::refuse_caller(AuthFailure why) {
  refusal_ = why;
  const int64_t free_attempts = serving_->config.limits.failed_attempts;
  const Millis delay = worker_.callers().fail(downstream_->peer(), why, free_attempts);
  if (delay > Millis(0)) {
    held_back_ = true;
    wait_for_identity(delay);
  } else {
    reply(Problem::kUnauthenticated, std::string(to_text(why)));
  }
  return false;
}

void Exchange::end_identity_wait() {
  if (key_wait_ != 0) worker_.callers().forget(key_wait_);
  key_wait_ = 0;
  if (held_back_) worker_.callers().end_hold();
  held_back_ = false;
}

void Exchange::on_newer_keys() {
  key_wait_ = 0;
  deadline_.clear();
  const Identity::Answer caller = ask_identity();
  if (!caller.client) {  // what is not there now is not waited for again
    (void)refuse_caller(caller.why);
    return;
  }
  take_client(caller);
  enter(Phase::kReading);
  if (!begin_reading()) return;
  if (!body_.whole) return downstream_->want_body(true);
  on_request_end();
}

// The keys have not come in time, or a 401 has been held back long enough.
void Exchange::on_identity_deadline() {
  if (refusal_ != AuthFailure::kNone) return reply(Problem::kUnauthenticated, std::string(to_text(refusal_)));
  end_identity_wait();
  (void)refuse_caller(AuthFailure::kJwtNoKeys);
}

// It ends while nobody knows yet who asks, or while its 401 is held back.
void Exchange::leave_unidentified() {
  if (refusal_ == AuthFailure::kNone) {
    record_->reason = "the client left";
    return finish(AuditType::kRequestFailed, 0, false);
  }
  record_->decision = "refuse";
  record_->reason =
      std::string(kind_of(Problem::kUnauthenticated).type) + ": " + std::string(to_text(refusal_));
  finish(AuditType::kRequestRefused, 0, false);
}

}  // namespace sluice
