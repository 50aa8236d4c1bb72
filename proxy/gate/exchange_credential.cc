// Which key a request carries, and what happens when the vendor refuses it (interface 2.1, 2.4).
#include <algorithm>

#include "config/ascii.h"
#include "proxy/gate/downstream.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/worker.h"

namespace sluice {

namespace {

// For the secrets to be resolved anew; then it goes on with what there is.
constexpr Millis kResolveTime{5'000};

constexpr std::string_view kNoKey = "no key of the vendor's can be had: its place gives nothing any more";

// A key must not go to another vendor than the one it is for.
bool go_to_the_same(const UpstreamTarget& a, const UpstreamTarget& b) {
  return a.api == b.api && a.url == b.url && a.server_name == b.server_name;
}

}  // namespace

// Of the newest snapshot, if that has this API with the same vendor and field; else of its own.
HeldKey Exchange::newest_key() const {
  const ServedApi& own = serving_->apis[route_.api];
  const std::shared_ptr<const Serving> newest = worker_.station()->serving;
  for (size_t i = 0; newest != serving_ && i < newest->apis.size(); ++i) {
    const Credential& credential = newest->apis[i].credential;
    if (!go_to_the_same(*newest->apis[i].target, *own.target)) continue;
    if (!equals_ignoring_case(credential.header(), own.credential.header())) break;
    return {credential.choose(target_.access), newest};
  }
  return {own.credential.choose(target_.access), serving_};
}

// The answer is searched for both, so only one change is made once a key was sent.
bool Exchange::change_key(HeldKey key) {
  if (key.choice.state == key_.now.choice.state) return true;
  if (record_->attempts > 0) {
    if (key_.former.choice.key != nullptr) return false;
    key_.former = std::move(key_.now);
  }
  key_.now = std::move(key);
  return true;
}

// Meanwhile its key may have been refused for another request, or have been lost. False: answered.
bool Exchange::has_key() {
  if (key_.now.choice.key != nullptr && key_.now.choice.state->refused() == 0 &&
      !key_.now.choice.state->is_over())
    return true;
  HeldKey newest = newest_key();
  if (newest.choice.key != nullptr) change_key(std::move(newest));
  if (key_.now.choice.key != nullptr && !key_.now.choice.state->is_over()) return true;
  reply(Problem::kCredentialUnavailable, std::string(kNoKey));
  return false;
}

void Exchange::guard_against_keys() {
  guard_.start(*key_.now.choice.key, *key_.now.choice.encoded);
  if (key_.former.choice.key != nullptr) guard_.add(*key_.former.choice.key, *key_.former.choice.encoded);
  key_.was_refused = key_.now.choice.state->refused() != 0;
}

// A 403 may speak of the key only where the vendor knows what was asked for.
bool Exchange::refuses_key(int status) const {
  if (status == 401) return true;
  return status == 403 && std::all_of(target_.fits.begin(), target_.fits.end(),
                                      [](const Target::Fit& fit) { return fit.operation != nullptr; });
}

// True: the request goes out once more, and this answer is nobody's.
bool Exchange::judge_key(const ResponseHead& head) {
  if (upstream_ == nullptr) return false;  // an answer that was shared
  KeyState& state = *key_.now.choice.state;
  if (!refuses_key(head.status)) {
    if (head.status >= 200 && head.status < 300) state.accept();
    return false;
  }
  if (state.refuse(head.status))
    report_refused_key(worker_, *station_, route_.api, key_.now.choice, head.status);
  return !key_.was_refused && send_with_another_key();
}

bool Exchange::send_with_another_key() {
  const bool may_go_again = target_.access == Access::kRead && is_complete() && !key_.retried &&
                            key_.former.choice.key == nullptr && !downstream_->client_left();
  HeldKey newest = newest_key();
  const bool has_another = newest.choice.key != nullptr && newest.choice.state != key_.now.choice.state &&
                           newest.choice.state->refused() == 0;
  if (!may_go_again) {
    worker_.key_refusals().resolve_again(*key_.now.choice.state, nullptr);
    return false;
  }
  if (has_another) {
    if (!lane().pacer.readmit(*this, pace_terms(true), send_by_)) return false;
    key_.retried = true;
    change_key(std::move(newest));
    let_go_of_upstream();
    deadline_.clear();
    enter(Phase::kQueued);
    return true;
  }
  key_.token = worker_.key_refusals().resolve_again(*key_.now.choice.state, this);
  if (key_.token == 0) return false;
  key_.retried = true;
  let_go_of_upstream();
  enter(Phase::kResolving);
  deadline_.set(worker_.loop().deadlines(), kResolveTime);
  return true;
}

void Exchange::on_resolved() {
  key_.token = 0;
  if (phase_ == Phase::kResolving) end_resolving();
}

void Exchange::end_resolving() {
  forget_resolving();
  deadline_.clear();
  HeldKey newest = newest_key();
  if (newest.choice.key == nullptr) return reply(Problem::kCredentialUnavailable, std::string(kNoKey));
  change_key(std::move(newest));
  if (!lane().pacer.readmit(*this, pace_terms(true), send_by_)) {
    return reply(Problem::kCredentialUnavailable,
                 "the vendor refuses the key, and no time is left to ask with another", 1);
  }
  enter(Phase::kQueued);
}

void Exchange::forget_resolving() {
  if (key_.token != 0) worker_.key_refusals().forget(key_.token);
  key_.token = 0;
}

}  // namespace sluice
