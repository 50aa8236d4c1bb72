#include "proxy/service/service_link.h"

#include <algorithm>

#include "proxy/log.h"

namespace sluice {
namespace {

constexpr Millis kExtendEvery{5'000};
constexpr Millis kExtendBy{15'000};  // two may be lost

}  // namespace

ServiceLink::ServiceLink(EventLoop& loop, const std::string& socket, std::optional<Millis> watchdog)
    : loop_(loop), notify_(socket), watchdog_(watchdog) {}

void ServiceLink::serving(std::string_view status, const std::vector<Watched>& watched) {
  notify_.ready(status);
  if (!watchdog_) return;
  for (const Watched& one : watched) loops_.push_back({one, std::make_shared<std::atomic<bool>>(true)});
  look();
}

void ServiceLink::reloading(std::string_view status) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) notify_.reloading(status);
}

void ServiceLink::reloaded(std::string_view status) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) notify_.ready(status);
}

void ServiceLink::draining(std::string_view status, Millis longest) {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  notify_.stopping(status);
  drained_by_ = loop_.now() + longest;
  extend();
}

void ServiceLink::extend() {
  if (loop_.now() >= drained_by_) return;  // it hangs: the service manager's own patience decides
  notify_.extend(kExtendBy);
  next_extension_.set(loop_.deadlines(), kExtendEvery);
}

void ServiceLink::ending(Millis longest) {
  next_look_.clear();
  next_extension_.clear();
  notify_.extend(longest);
  if (watchdog_) notify_.alive();
}

bool ServiceLink::all_turn() const {
  return std::all_of(loops_.begin(), loops_.end(),
                     [](const Loop& loop) { return *loop.watched.ended || *loop.turned; });
}

// A loop that has not come to what was posted last time stands still.
void ServiceLink::look() {
  if (all_turn()) {
    notify_.alive();
    stands_ = false;
    for (const Loop& loop : loops_) {
      *loop.turned = false;
      loop.watched.loop->post([turned = loop.turned] { *turned = true; });
    }
  } else if (!stands_) {
    stands_ = true;
    log_error("a worker's loop stands still: the service manager's watchdog is not fed");
  }
  next_look_.set(loop_.deadlines(), std::max(Millis(1), *watchdog_ / 4));
}

}  // namespace sluice
