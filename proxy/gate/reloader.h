// Reloader: the thread that a reload runs on, where reading files, deriving keys and asking a vault may take
// their time: no request waits for it. One reload at a time; those asked for while one runs are one more,
// whatever their number. Owner: the gate. Thread: request() and state() from any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "proxy/admin/admin.h"

namespace sluice {

// Of the last one.
struct ReloadState {
  std::string cause;  // "": there was none
  std::chrono::system_clock::time_point time;
  ReloadOutcome outcome;
  uint64_t taken_up = 0, rejected = 0;  // since the start
  // Why what was last read is not in force, or "".
  std::string rejection() const;
};

class Reloader {
 public:
  // Called on the thread, once for each cause and outcome.
  using Reload = std::function<ReloadOutcome(const std::string& cause)>;
  using Done = std::function<void(const ReloadOutcome&)>;

  // What is no file is asked from time to time, on the thread, whether it has changed.
  struct Watch {
    std::string cause;                             // of the reload then
    std::function<std::optional<Millis>()> after;  // when to ask; nullopt: not before the next reload
    std::function<bool()> changed;
  };

  explicit Reloader(Reload reload, Watch watch = {}) : reload_(std::move(reload)), watch_(std::move(watch)) {}
  ~Reloader() { stop(); }
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  void start();
  // `done`, which may be null, is called on the thread after a reload that began after this call. At the end
  // it is called with an outcome that was not taken up.
  void request(std::string cause, Done done);
  // No further reload begins.
  void end();
  // The same, and waits for the one under way. Idempotent.
  void stop();
  ReloadState state() const;

 private:
  struct Asked {
    std::string cause;
    Done done;
  };
  void run();
  bool wait_for_cause(std::unique_lock<std::mutex>& lock);
  void note(const std::string& cause, const ReloadOutcome& outcome);

  const Reload reload_;
  const Watch watch_;
  mutable std::mutex mutex_;  // guards the rest but the thread
  std::condition_variable changed_;
  std::vector<Asked> asked_;
  ReloadState state_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sluice
