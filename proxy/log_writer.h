// LogWriter: the way of lines to stderr. Either each is written by who says it, or, between start() and
// stop(), by a quiet thread: then write() only appends to memory of a fixed size. What does not fit is
// dropped, counted, and said in a line of its own once stderr takes lines again. Lines keep their order and
// go out whole: one write(2) has as many as a pipe takes at once. Owner: log.cc, which never destroys it.
// Thread: any. Fails: a stderr that takes nothing, or that is closed, stops nobody; its lines are dropped.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "config/units.h"

namespace sluice {

class LogWriter {
 public:
  static constexpr size_t kMostWaiting = 1024 * 1024;  // octets: some 2,000 lines

  // One line with its end.
  void write(std::string_view line);
  // `each_second` is called by the thread about once a second; it may write().
  void start(std::function<void()> each_second);
  // What has come is written, unless stderr takes nothing for so long. Without effect unless it was started.
  void stop(Millis patience);
  void flush(Millis patience);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Mode { kDirect, kQueued, kGivenUp };

  void run();
  void put(std::string_view lines);
  void lose(std::string_view lines);

  std::mutex mutex_;  // guards all that follows, but what says otherwise
  std::condition_variable wake_, written_;
  Mode mode_ = Mode::kDirect;
  std::string waiting_;
  uint64_t unsaid_ = 0;  // dropped since the last line that said so
  bool idle_ = false;    // the thread waits for a line
  bool busy_ = false;    // the thread has taken lines and has not written them all
  bool hurry_ = false;   // no gathering: somebody waits
  bool ending_ = false;
  bool ended_ = false;
  std::atomic<Clock::time_point> give_up_{Clock::time_point::max()};  // when stderr is waited for no longer
  std::atomic<bool> gave_up_{false};
  std::atomic<uint64_t> dropped_{0};
  std::function<void()> each_second_;  // the thread's
  bool cut_short_ = false;  // the thread's: stderr has a line without its end, on a disk that was full
  std::thread thread_;      // of who calls start() and stop()
};

}  // namespace sluice
