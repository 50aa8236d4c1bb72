#include "proxy/net/event_loop.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

namespace {
constexpr size_t kScratchSize = 64 * 1024;

void require(int status, const char* what) {
  if (status == 0) return;
  std::fprintf(stderr, "event loop: %s: %s\n", what, uv_strerror(status));
  std::abort();
}
}  // namespace

EventLoop::EventLoop() : scratch_(kScratchSize) {
  require(uv_loop_init(&loop_), "init");
  loop_.data = this;
  require(uv_async_init(&loop_, &mailbox_,
                        [](uv_async_t* handle) { static_cast<EventLoop*>(handle->data)->run_posted(); }),
          "mailbox");
  mailbox_.data = this;
  require(uv_prepare_init(&loop_, &reaper_), "reaper");
  reaper_.data = this;
  uv_prepare_start(&reaper_,
                   [](uv_prepare_t* handle) { static_cast<EventLoop*>(handle->data)->doomed_.clear(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&reaper_));
  deadlines_.open(&loop_);
}

EventLoop::~EventLoop() {
  stop();
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  doomed_.clear();
  require(uv_loop_close(&loop_), "close with handles left open");
}

void EventLoop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  posted_.push_back(std::move(task));
  uv_async_send(&mailbox_);
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) {
    if (stopped_) return;  // by the one before: only this thread stops it
    task();
  }
}

void EventLoop::destroy_later(std::unique_ptr<Deferred> object) { doomed_.push_back(std::move(object)); }

void EventLoop::run() {
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  doomed_.clear();
}

void EventLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    posted_.clear();
  }
  deadlines_.close();
  uv_close(reinterpret_cast<uv_handle_t*>(&mailbox_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&reaper_), nullptr);
}

void EventLoop::turn() { uv_run(&loop_, UV_RUN_NOWAIT); }

}  // namespace sluice
