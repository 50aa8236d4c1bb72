// KeyState: what is known of one vendor key beside its value: whether the vendor refuses it, and until when
// it may be used. Shared by every snapshot that has the key, so it stays over reloads. KeyStates finds it
// again. Owner: whoever holds the key; KeyStates: whoever makes snapshots. Thread: any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/units.h"

namespace sluice {

class KeyState : public std::enable_shared_from_this<KeyState> {
 public:
  explicit KeyState(std::string fingerprint) : fingerprint_(std::move(fingerprint)) {}

  const std::string& fingerprint() const { return fingerprint_; }

  // The status that the vendor refused it with, 401 or 403, or 0. A later success takes it back.
  int refused() const { return refused_.load(std::memory_order_relaxed); }
  std::chrono::system_clock::time_point refused_at() const;
  // True: for the first time; that is to be reported, once for each key.
  bool refuse(int status);
  void accept() {
    if (refused() != 0) refused_.store(0, std::memory_order_relaxed);
  }

  // On the monotonic clock; Nanos::max(): without end.
  void set_usable_until(Nanos until) { usable_until_.store(until.count(), std::memory_order_relaxed); }
  Nanos usable_until() const { return Nanos(usable_until_.load(std::memory_order_relaxed)); }
  bool is_over() const;

  // True: the first one to ask. For a key that is to be tried once (`credential.probe`).
  bool begin_probe() { return !probed_.exchange(true); }

  // The secrets are to be resolved anew because of this key: at most once in 10 s.
  enum class Ask {
    kBegin,  // `done` is kept; the caller begins, and resolved() follows
    kWait,   // `done` is kept; somebody has begun
    kLate,   // it was done a moment ago: nothing is kept
  };
  Ask ask(Nanos now, std::function<void()> done);
  // Calls and forgets what is kept.
  void resolved();

 private:
  const std::string fingerprint_;
  std::atomic<int> refused_{0};
  std::atomic<bool> reported_{false}, probed_{false};
  std::atomic<int64_t> refused_ms_{0}, usable_until_{Nanos::max().count()};
  std::mutex mutex_;  // guards the rest
  bool asking_ = false;
  Nanos asked_{Nanos::min()};
  std::vector<std::function<void()>> waiting_;
};

class KeyStates {
 public:
  // Of a key of one API. The same for the same key as long as anybody holds it.
  std::shared_ptr<KeyState> of(const std::string& api, const std::string& fingerprint);

 private:
  std::mutex mutex_;  // guards states_
  std::map<std::string, std::weak_ptr<KeyState>> states_;
};

}  // namespace sluice
