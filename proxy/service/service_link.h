// ServiceLink: when the service manager is told what: that the gate serves, reloads, drains; that its loops
// turn, each quarter of WatchdogSec=; and that a drain is under way, as long as it may take. Owner: the gate.
// Thread: its loop's, but for reloading() and reloaded(), which may come from another.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proxy/net/event_loop.h"
#include "proxy/service/service_notify.h"

namespace sluice {

class ServiceLink {
 public:
  struct Watched {
    EventLoop* loop = nullptr;
    const std::atomic<bool>* ended = nullptr;  // it turns no more, and need not
  };

  // `watchdog`: WatchdogSec=, or nullopt.
  ServiceLink(EventLoop& loop, const std::string& socket, std::optional<Millis> watchdog);

  // The loops outlive this.
  void serving(std::string_view status, const std::vector<Watched>& watched);
  void reloading(std::string_view status);
  void reloaded(std::string_view status);
  // The end takes at most `longest`.
  void draining(std::string_view status, Millis longest);
  // The last seconds: the loop is held up for at most so long.
  void ending(Millis longest);

 private:
  struct Loop {
    Watched watched;
    std::shared_ptr<std::atomic<bool>> turned;
  };

  void look();
  void extend();
  bool all_turn() const;

  EventLoop& loop_;
  ServiceNotify notify_;
  const std::optional<Millis> watchdog_;
  std::mutex mutex_;       // guards stopping_, and the order of what is told
  bool stopping_ = false;  // it is ready no more, whatever a reload says
  std::vector<Loop> loops_;
  bool stands_ = false;   // as the log has it
  Millis drained_by_{0};  // of the loop's clock
  MemberDeadline<ServiceLink> next_look_{*this, &ServiceLink::look};
  MemberDeadline<ServiceLink> next_extension_{*this, &ServiceLink::extend};
};

}  // namespace sluice
