// Callers: what one worker knows of those who ask, beside who they are: which exchanges wait for an issuer's
// newer keys, and whose 401s are held back. Both waits are bounded, so that strangers cost little. Owner: the
// worker. Thread: the worker's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "proxy/gate/failed_attempts.h"
#include "proxy/identity/auth_failure.h"
#include "proxy/identity/key_sets.h"
#include "proxy/net/event_loop.h"

namespace sluice {

class Exchange;

// 401s by their reason, of all workers.
struct AuthFailureCounts {
  std::array<std::atomic<uint64_t>, kAuthFailures> by_reason{};
};

class Callers {
 public:
  static constexpr Millis kKeyPatience{5'000};  // of a request, with newer keys
  static constexpr size_t kMostKeyWaits = 256;
  static constexpr size_t kMostHeldBack = 1'000;

  // `key_sets` may be null: no issuer is known. The others outlive this.
  Callers(EventLoop& loop, KeySets* key_sets, AuthFailureCounts& counts)
      : loop_(loop), key_sets_(key_sets), counts_(counts) {}

  // Never null.
  std::shared_ptr<const KeySnapshot> keys() const;
  // Asks for newer keys of an issuer. The exchange's on_newer_keys() follows, unless it forgets the token
  // meanwhile. 0: too many wait already.
  uint64_t wait_for_keys(std::string_view issuer, Exchange& exchange);
  void forget(uint64_t token) { waiting_.erase(token); }
  size_t waiting() const { return waiting_.size(); }

  // Counts a 401. How long it is held back: 0 when too many are already. Unless 0, end_hold() follows.
  Millis fail(const IpAddress& source, AuthFailure why, int64_t free_attempts);
  void end_hold() { --held_back_; }

 private:
  EventLoop& loop_;
  KeySets* key_sets_;
  AuthFailureCounts& counts_;
  FailedAttempts attempts_;
  std::unordered_map<uint64_t, Exchange*> waiting_;
  uint64_t next_token_ = 1;
  size_t held_back_ = 0;
};

}  // namespace sluice
