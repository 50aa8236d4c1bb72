#include "proxy/gate/callers.h"

#include "proxy/gate/exchange.h"

namespace sluice {

std::shared_ptr<const KeySnapshot> Callers::keys() const {
  static const auto kNone = std::make_shared<const KeySnapshot>();
  return key_sets_ != nullptr ? key_sets_->snapshot() : kNone;
}

uint64_t Callers::wait_for_keys(std::string_view issuer, Exchange& exchange) {
  if (key_sets_ == nullptr || waiting_.size() >= kMostKeyWaits) return 0;
  const uint64_t token = next_token_++;
  waiting_[token] = &exchange;
  key_sets_->ask(std::string(issuer), [this, token] {  // on the keys' thread: only posts
    loop_.post([this, token] {
      const auto found = waiting_.find(token);
      if (found == waiting_.end()) return;
      Exchange* waiter = found->second;
      waiting_.erase(found);
      waiter->on_newer_keys();
    });
  });
  return token;
}

Millis Callers::fail(const IpAddress& source, AuthFailure why, int64_t free_attempts) {
  counts_.by_reason[static_cast<size_t>(why)].fetch_add(1, std::memory_order_relaxed);
  const Millis delay = attempts_.count(source, free_attempts, loop_.now());
  if (delay == Millis(0) || held_back_ >= kMostHeldBack) return Millis(0);
  ++held_back_;
  return delay;
}

}  // namespace sluice
