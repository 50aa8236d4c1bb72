#include "proxy/service/service_notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "config/text_check.h"
#include "proxy/log.h"
#include "proxy/net/clock.h"

namespace sluice {
namespace {

// A service manager that takes nothing must not hold up the loop for long.
constexpr timeval kPatience{1, 0};
constexpr size_t kLongestStatus = 512;

std::optional<int64_t> number_of_environment(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  const std::string_view digits = text;
  int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string microseconds(Nanos time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

bool is_socket_name(const std::string& name) {
  const bool begins_well = name.size() > 1 && (name[0] == '/' || name[0] == '@');
  return begins_well && name.size() <= sizeof(sockaddr_un::sun_path);
}

// 0, or an errno.
int send_datagram(const std::string& socket, const std::string& message) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  socket.copy(name.sun_path, sizeof name.sun_path);
  if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  ssize_t sent = -1;
  do {
    sent = ::sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&name), size);
  } while (sent < 0 && errno == EINTR);
  const int error = sent < 0 ? errno : 0;
  ::close(descriptor);
  return error;
}

}  // namespace

ServiceNotify::ServiceNotify(const std::string& socket) : socket_(is_socket_name(socket) ? socket : "") {
  if (!socket.empty() && socket_.empty())
    log_warning("the service manager cannot be told: NOTIFY_SOCKET is no path and no @NAME",
                {{"socket", printable(socket)}});
}

std::string ServiceNotify::socket_of_environment() {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  return name == nullptr ? "" : name;
}

void ServiceNotify::reloading(std::string_view status) {
  send("RELOADING=1\nMONOTONIC_USEC=" + microseconds(monotonic_now()) + "\n" + status_line(status));
}

void ServiceNotify::extend(Millis time) { send("EXTEND_TIMEOUT_USEC=" + microseconds(time)); }

// One line, whatever it says.
std::string ServiceNotify::status_line(std::string_view status) {
  return "STATUS=" + printable(status.substr(0, kLongestStatus));
}

void ServiceNotify::send(const std::string& message) {
  if (socket_.empty()) return;
  const int error = send_datagram(socket_, message);
  if (error == 0 || has_failed_.exchange(true)) return;
  log_warning("the service manager cannot be told",
              {{"socket", printable(socket_)}, {"reason", std::strerror(error)}});
}

std::optional<Millis> watchdog_of_environment() {
  const auto pid = number_of_environment("WATCHDOG_PID");
  const auto interval = number_of_environment("WATCHDOG_USEC");
  if (std::getenv("WATCHDOG_PID") != nullptr && pid != ::getpid()) return std::nullopt;
  if (!interval || *interval <= 0) return std::nullopt;
  return std::chrono::duration_cast<Millis>(std::chrono::microseconds(*interval));
}

}  // namespace sluice
