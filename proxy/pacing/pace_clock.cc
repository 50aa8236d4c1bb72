#include "proxy/pacing/pace_clock.h"

#include <uv.h>

#include <algorithm>

#include "proxy/pacing/budget.h"

namespace sluice {
namespace {

class UvPaceClock final : public PaceClock {
 public:
  explicit UvPaceClock(EventLoop& loop) : timer_(new uv_timer_t), async_(new uv_async_t) {
    uv_timer_init(loop.uv(), timer_);
    uv_async_init(loop.uv(), async_,
                  [](uv_async_t* async) { static_cast<UvPaceClock*>(async->data)->observer_->on_time(); });
    timer_->data = async_->data = this;
  }

  // libuv needs the handles until it has closed them.
  ~UvPaceClock() override {
    uv_timer_stop(timer_);
    uv_close(reinterpret_cast<uv_handle_t*>(timer_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
    uv_close(reinterpret_cast<uv_handle_t*>(async_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_async_t*>(handle); });
  }
  UvPaceClock(const UvPaceClock&) = delete;
  UvPaceClock& operator=(const UvPaceClock&) = delete;

  void set_observer(TimeObserver* observer) override { observer_ = observer; }

  Nanos now() const override { return monotonic_now(); }

  // libuv's timers count from the loop's time, which is cached and cut to whole milliseconds: the time that
  // is wanted is rounded up on the same scale, so that it has come when the timer fires.
  void arm(Nanos at) override {
    if (at == armed_) return;
    armed_ = at;
    uv_update_time(timer_->loop);
    const auto wanted = std::chrono::ceil<Millis>(at).count();
    const auto loop_time = static_cast<int64_t>(uv_now(timer_->loop));
    uv_timer_start(timer_, on_timer, static_cast<uint64_t>(std::max<int64_t>(wanted - loop_time, 0)), 0);
  }

  void wake() override { uv_async_send(async_); }

 private:
  static void on_timer(uv_timer_t* timer) {
    auto* clock = static_cast<UvPaceClock*>(timer->data);
    clock->armed_ = kUnarmed;
    clock->observer_->on_time();
  }

  static constexpr Nanos kUnarmed = Nanos::min();

  uv_timer_t* timer_;  // these two are freed by their close callbacks
  uv_async_t* async_;
  TimeObserver* observer_ = nullptr;
  Nanos armed_ = kUnarmed;
};

}  // namespace

std::unique_ptr<PaceClock> make_pace_clock(EventLoop& loop) { return std::make_unique<UvPaceClock>(loop); }

}  // namespace sluice
