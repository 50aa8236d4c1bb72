#include "proxy/net/work_queue.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace sluice {

namespace {

constexpr size_t kMostThreads = 1024;  // libuv's own limit

// How many of so many threads there may be at once.
size_t count_threads(size_t wanted) {
  std::latch counted(1);
  std::vector<std::thread> threads;
  threads.reserve(wanted);
  try {
    while (threads.size() < wanted) threads.emplace_back([&counted] { counted.wait(); });
  } catch (const std::system_error&) {
    // no more
  }
  counted.count_down();
  for (std::thread& thread : threads) thread.join();
  return threads.size();
}

}  // namespace

WorkQueue::WorkQueue(uv_loop_t* loop) : loop_(loop) {
  for (Place& place : places_) {
    place.queue = this;
    place.request.data = &place;
  }
}

void WorkQueue::submit(Work& work) {
  waiting_.push_back(&work);
  start();
}

void WorkQueue::start() {
  for (Place& place : places_) {
    if (waiting_.empty()) return;
    if (place.work != nullptr) continue;
    place.work = waiting_.front();
    waiting_.pop_front();
    const int status = uv_queue_work(
        loop_, &place.request, [](uv_work_t* request) { static_cast<Place*>(request->data)->work->work(); },
        [](uv_work_t* request, int) {
          auto* done = static_cast<Place*>(request->data);
          done->queue->finish(*done);
        });
    if (status == 0) continue;
    std::fprintf(stderr, "work queue: %s\n", uv_strerror(status));
    std::abort();
  }
}

void WorkQueue::finish(Place& place) {
  Work* done = place.work;
  place.work = nullptr;
  ++done_;
  start();
  done->on_worked();
}

bool WorkQueue::withdraw(Work& work) {
  const auto found = std::find(waiting_.begin(), waiting_.end(), &work);
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

Result<void> start_thread_pool(size_t loops, size_t others) {
  const size_t threads = std::min(loops * WorkQueue::kAtOnce, kMostThreads);
  ::setenv("UV_THREADPOOL_SIZE", std::to_string(threads).c_str(), 0);
  const size_t wanted = threads + others;
  if (const size_t had = count_threads(wanted); had < wanted)
    return Error{std::to_string(wanted) + " threads are wanted, and the system lets the gate have " +
                 std::to_string(had) +
                 ": fewer workers, or a higher limit (ulimit -u, TasksMax=, --pids-limit)"};
  uv_loop_t loop;
  uv_work_t nothing;
  uv_loop_init(&loop);
  uv_queue_work(
      &loop, &nothing, [](uv_work_t*) {}, [](uv_work_t*, int) {});
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return {};
}

}  // namespace sluice
