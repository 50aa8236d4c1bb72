#include "proxy/net/work_queue.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace sluice {

namespace {

constexpr size_t kMostThreads = 1024;  // libuv's own limit

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

void size_thread_pool(size_t loops) {
  const size_t threads = std::min(loops * WorkQueue::kAtOnce, kMostThreads);
  ::setenv("UV_THREADPOOL_SIZE", std::to_string(threads).c_str(), 0);
}

}  // namespace sluice
