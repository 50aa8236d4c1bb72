#include "proxy/gate/reloader.h"

#include "proxy/net/quiet_thread.h"

namespace sluice {

namespace {

ReloadOutcome too_late() {
  ReloadOutcome outcome;
  outcome.findings.error({}, "ending", "the gate is ending");
  return outcome;
}

}  // namespace

std::string ReloadState::rejection() const {
  if (cause.empty() || outcome.taken_up) return {};
  const std::vector<Finding>& all = outcome.findings.all();
  return "the last reload was rejected: " + (all.empty() ? "" : to_text(all.front()));
}

void Reloader::start() {
  thread_ = start_quiet_thread("sluice-reload", [this] { run(); });
}

void Reloader::request(std::string cause, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!ending_) {
      asked_.push_back({std::move(cause), std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  if (done) done(too_late());
}

// False: it is ending.
bool Reloader::wait_for_cause(std::unique_lock<std::mutex>& lock) {
  const auto is_woken = [this] { return ending_ || !asked_.empty(); };
  while (!is_woken()) {
    const std::optional<Millis> after = watch_.after ? watch_.after() : std::nullopt;
    if (!after) {
      changed_.wait(lock, is_woken);
    } else if (!changed_.wait_for(lock, *after, is_woken)) {
      lock.unlock();
      const bool has_changed = watch_.changed();
      lock.lock();
      if (has_changed && !ending_) asked_.push_back({watch_.cause, nullptr});
    }
  }
  return !ending_;
}

void Reloader::run() {
  std::unique_lock lock(mutex_);
  while (wait_for_cause(lock)) {
    const std::vector<Asked> asked = std::move(asked_);
    asked_.clear();
    lock.unlock();
    const ReloadOutcome outcome = reload_(asked.front().cause);
    note(asked.front().cause, outcome);
    for (const Asked& one : asked)
      if (one.done) one.done(outcome);
    lock.lock();
  }
}

void Reloader::note(const std::string& cause, const ReloadOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  ++(outcome.taken_up ? state_.taken_up : state_.rejected);
  state_.cause = cause;
  state_.time = std::chrono::system_clock::now();
  state_.outcome = outcome;
}

void Reloader::end() {
  std::vector<Asked> left;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    left.swap(asked_);
    changed_.notify_one();
  }
  for (const Asked& one : left)
    if (one.done) one.done(too_late());
}

void Reloader::stop() {
  end();
  if (thread_.joinable()) thread_.join();
}

ReloadState Reloader::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace sluice
