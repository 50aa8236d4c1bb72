#include "proxy/gate/key_state.h"

#include "proxy/net/clock.h"

namespace sluice {
namespace {

constexpr Millis kBetweenAsks{10'000};
constexpr Millis kLongestAsk{60'000};  // whoever began has been lost

}  // namespace

std::chrono::system_clock::time_point KeyState::refused_at() const {
  return std::chrono::system_clock::time_point(Millis(refused_ms_.load(std::memory_order_relaxed)));
}

bool KeyState::refuse(int status) {
  if (refused_.exchange(status, std::memory_order_relaxed) == 0)
    refused_ms_.store(unix_ms_now(), std::memory_order_relaxed);
  return !reported_.exchange(true);
}

bool KeyState::is_over() const {
  const Nanos until = usable_until();
  return until != Nanos::max() && monotonic_now() >= until;
}

KeyState::Ask KeyState::ask(Nanos now, std::function<void()> done) {
  const std::lock_guard lock(mutex_);
  const bool asked_before = asked_ != Nanos::min();
  if (asking_ && now - asked_ < kLongestAsk) {
    if (done) waiting_.push_back(std::move(done));
    return Ask::kWait;
  }
  if (asked_before && !asking_ && now - asked_ < kBetweenAsks) return Ask::kLate;
  asking_ = true;
  asked_ = now;
  if (done) waiting_.push_back(std::move(done));
  return Ask::kBegin;
}

void KeyState::resolved() {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    asking_ = false;
    waiting.swap(waiting_);
  }
  for (const auto& done : waiting) done();
}

std::shared_ptr<KeyState> KeyStates::of(const std::string& api, const std::string& fingerprint) {
  const std::lock_guard lock(mutex_);
  std::erase_if(states_, [](const auto& one) { return one.second.expired(); });
  std::weak_ptr<KeyState>& kept = states_[api + " " + fingerprint];
  std::shared_ptr<KeyState> state = kept.lock();
  if (state == nullptr) {
    state = std::make_shared<KeyState>(fingerprint);
    kept = state;
  }
  return state;
}

}  // namespace sluice
