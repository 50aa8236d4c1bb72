// ServiceNotify: tells the service manager how the gate is (sd_notify(3)): a datagram of lines to the socket
// that NOTIFY_SOCKET names. Without one it does nothing. Owner: the gate. Thread: any. Fails: never for the
// caller; what cannot be sent within a second is given up, and logged once.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "config/units.h"

namespace sluice {

class ServiceNotify {
 public:
  // `socket`: a path or, with @ in front, an abstract name; anything else is said in the log. "": none.
  explicit ServiceNotify(const std::string& socket);
  // NOTIFY_SOCKET of the environment.
  static std::string socket_of_environment();

  // Each with a sentence for `systemctl status`.
  void ready(std::string_view status) { send("READY=1\n" + status_line(status)); }
  void reloading(std::string_view status);
  void stopping(std::string_view status) { send("STOPPING=1\n" + status_line(status)); }
  // The state that it is in may last so much longer from now on.
  void extend(Millis time);
  void alive() { send("WATCHDOG=1"); }

 private:
  static std::string status_line(std::string_view status);
  void send(const std::string& message);

  const std::string socket_;
  std::atomic<bool> has_failed_{false};
};

// How often the service manager wants to hear WATCHDOG=1 (sd_watchdog_enabled(3)); nullopt: it does not.
std::optional<Millis> watchdog_of_environment();

}  // namespace sluice
