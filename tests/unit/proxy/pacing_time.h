// Virtual time for pacers.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "proxy/pacing/pace_clock.h"

namespace sluice {

// Virtual time, shared by the pacers of a world. Each timer fires when the time is moved past it, so late as
// told; so does what was planned.
class Time {
 public:
  explicit Time(Nanos start) : now(start) {}

  std::unique_ptr<PaceClock> make_clock() { return std::make_unique<Clock>(*this); }

  void at(Nanos time, std::function<void()> what) { plans_.emplace(time, std::move(what)); }
  void after(Nanos duration, std::function<void()> what) { at(now + duration, std::move(what)); }

  // Lets all happen that is due until `until`.
  void run_until(Nanos until) {
    for (;;) {
      Clock* clock = earliest();
      const Nanos fires = clock != nullptr ? clock->fires_at() : Nanos::max();
      const Nanos planned = plans_.empty() ? Nanos::max() : plans_.begin()->first;
      if (std::min(fires, planned) > until) break;
      now = std::max(now, std::min(fires, planned));
      if (fires <= planned) {
        clock->fire();
      } else {
        const auto what = std::move(plans_.begin()->second);
        plans_.erase(plans_.begin());
        what();
      }
    }
    now = std::max(now, until);
  }
  void run_for(Nanos duration) { run_until(now + duration); }

  Nanos now;
  std::function<Nanos()> lateness = [] { return Nanos(0); };

 private:
  class Clock final : public PaceClock {
   public:
    explicit Clock(Time& time) : time_(time) { time_.clocks_.push_back(this); }
    ~Clock() override { time_.clocks_.remove(this); }
    void set_observer(TimeObserver* observer) override { observer_ = observer; }
    Nanos now() const override { return time_.now; }
    void arm(Nanos at) override {
      if (armed_ == at) return;
      armed_ = at;
      late_ = time_.lateness();
    }
    void wake() override { woken_ = true; }
    Nanos fires_at() const {
      if (woken_) return time_.now;
      return armed_ ? *armed_ + late_ : Nanos::max();
    }
    void fire() {
      if (!std::exchange(woken_, false)) armed_.reset();
      observer_->on_time();
    }

   private:
    Time& time_;
    TimeObserver* observer_ = nullptr;
    std::optional<Nanos> armed_;
    Nanos late_{0};
    bool woken_ = false;
  };

  Clock* earliest() {
    const auto it = std::min_element(clocks_.begin(), clocks_.end(),
                                     [](Clock* a, Clock* b) { return a->fires_at() < b->fires_at(); });
    return it == clocks_.end() || (*it)->fires_at() == Nanos::max() ? nullptr : *it;
  }

  std::list<Clock*> clocks_;
  std::multimap<Nanos, std::function<void()>> plans_;
};

}  // namespace sluice
