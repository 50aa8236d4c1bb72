// WorkQueue: runs what takes long on libuv's thread pool, a few at a time and in order. Owner: EventLoop,
// which runs until what has begun is done. Thread: the loop's; only work() runs elsewhere.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <deque>

#include "config/result.h"

namespace sluice {

// What is to be run. Must live until on_worked(), or until withdraw() has returned true.
class Work {
 public:
  // On a thread of the pool. May touch nothing that the loop's thread may touch meanwhile.
  virtual void work() = 0;
  // On the loop's thread, after work(); the last call for one submit().
  virtual void on_worked() = 0;

 protected:
  ~Work() = default;
};

class WorkQueue {
 public:
  // The most that run at once, of one loop. See start_thread_pool().
  static constexpr size_t kAtOnce = 2;

  explicit WorkQueue(uv_loop_t* loop);
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Requires: `work` is not submitted already.
  void submit(Work& work);
  // True: it had not begun and never will. False: it runs, and on_worked() follows.
  bool withdraw(Work& work);

  size_t waiting() const { return waiting_.size(); }
  uint64_t done() const { return done_; }  // since the start

 private:
  struct Place {
    uv_work_t request{};
    WorkQueue* queue = nullptr;
    Work* work = nullptr;  // null: free
  };
  void start();
  void finish(Place& place);

  uv_loop_t* loop_;
  std::array<Place, kAtOnce> places_;
  std::deque<Work*> waiting_;
  uint64_t done_ = 0;
};

// Starts libuv's pool, large enough for `loops` full queues (unless UV_THREADPOOL_SIZE says how large), after
// seeing that the system lets the process have `others` threads more. libuv itself would abort in the middle
// of a request. Before the pool's first use, and before any other thread. Fails: with how many there may be.
Result<void> start_thread_pool(size_t loops, size_t others);

}  // namespace sluice
