// EventLoop: one libuv loop and what every user of it shares: the read scratch, the deadline wheel, the
// mailbox from other threads, the way to the thread pool, and deferred destruction. Owner: whoever runs a
// thread on it. Thread: its own, but for post(), which any thread may call.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "config/units.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/work_queue.h"

namespace sluice {

// Base of what can be destroyed later; see EventLoop::destroy_later.
class Deferred {
 public:
  virtual ~Deferred() = default;
};

class EventLoop {
 public:
  EventLoop();
  // Requires: no handle of any user is left open.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  uv_loop_t* uv() { return &loop_; }
  // Milliseconds of the loop's clock, cached once a turn.
  Millis now() const { return Millis(static_cast<int64_t>(uv_now(&loop_))); }
  Deadlines& deadlines() { return deadlines_; }
  // For what would hold up the loop. What has begun is finished before run() returns.
  WorkQueue& work() { return work_; }
  // Where reads land. Valid until the next read on this loop.
  std::span<char> scratch() { return scratch_; }

  // Runs `task` on the loop's thread in a later turn. Any thread. What has not run when stop() is
  // called is dropped.
  void post(std::function<void()> task);
  // Keeps `object` alive until the current callback has unwound, then destroys it.
  void destroy_later(std::unique_ptr<Deferred> object);

  // Destroys what is put off. Requires: none of it is on the stack.
  void reap() { doomed_.clear(); }

  // Runs until stop(), then until every handle is closed.
  void run();
  // Lets run() end once every other handle is closed. From the loop's thread.
  void stop();
  // One turn without blocking, for tests.
  void turn();

 private:
  void run_posted();

  uv_loop_t loop_;
  uv_async_t mailbox_;
  uv_prepare_t reaper_;
  Deadlines deadlines_;
  WorkQueue work_{&loop_};
  std::vector<char> scratch_;
  std::mutex mutex_;  // guards posted_
  std::vector<std::function<void()>> posted_;
  std::vector<std::unique_ptr<Deferred>> doomed_;
  bool stopped_ = false;
};

}  // namespace sluice
