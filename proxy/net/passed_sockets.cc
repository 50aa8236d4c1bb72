#include "proxy/net/passed_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "config/address.h"
#include "config/ip.h"
#include "config/text_check.h"

namespace sluice {
namespace {

std::optional<int> number(const char* text) {
  const std::string_view digits = text == nullptr ? "" : text;
  int value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

int option(int descriptor, int which) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, which, &value, &size) == 0 ? value : -1;
}

// Where it is bound; nullopt: neither TCP nor a socket of a path or an abstract name ("@NAME").
std::optional<Address> address_of(int descriptor) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size) != 0) return std::nullopt;
  Address address;
  IpAddress ip;
  if (name.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&name);
    ip.octets[10] = ip.octets[11] = 0xff;
    std::memcpy(&ip.octets[12], &v4->sin_addr, 4);
    address.port = ntohs(v4->sin_port);
  } else if (name.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&name);
    std::memcpy(ip.octets.data(), &v6->sin6_addr, 16);
    address.port = ntohs(v6->sin6_port);
  } else if (name.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const auto* local = reinterpret_cast<const sockaddr_un*>(&name);
    const size_t length = size - offsetof(sockaddr_un, sun_path);
    if (local->sun_path[0] == '\0')
      address.unix_path = "@" + std::string(local->sun_path + 1, length - 1);
    else
      address.unix_path = std::string(local->sun_path, ::strnlen(local->sun_path, length));
    return address;
  } else {
    return std::nullopt;
  }
  address.host = to_text(ip);
  return address;
}

std::string whole(const std::string& path) {
  std::error_code none;
  return std::filesystem::absolute(path, none).lexically_normal().string();
}

bool same_place(const Address& a, const Address& b) {
  if (a.unix_path.empty() != b.unix_path.empty()) return false;
  if (!a.unix_path.empty()) return a.unix_path == b.unix_path || whole(a.unix_path) == whole(b.unix_path);
  const auto one = parse_ip(a.host);
  return one && one == parse_ip(b.host) && a.port == b.port;
}

std::string shown(const Address& address, const std::string& name) {
  return printable(to_text(address) + (name.empty() ? "" : " (" + name + ")"));
}

PassedSockets& of_process() {
  static PassedSockets sockets;
  return sockets;
}

}  // namespace

Result<PassedSockets> PassedSockets::of(int first, int count, std::string_view names) {
  PassedSockets sockets;
  for (int descriptor = first; descriptor < first + count; ++descriptor) {
    const size_t colon = std::min(names.find(':'), names.size());
    const std::string name(names.substr(0, colon));
    names.remove_prefix(std::min(colon + 1, names.size()));
    const int flags = ::fcntl(descriptor, F_GETFD);
    if (flags >= 0) ::fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
    const std::string which = "the service manager passes descriptor " + std::to_string(descriptor) +
                              (name.empty() ? "" : " (" + printable(name) + ")") + ", which is ";
    if (flags < 0) return Error{which + "not open"};
    if (option(descriptor, SO_TYPE) != SOCK_STREAM)
      return Error{which + "no stream socket: ListenStream= in its .socket unit makes one"};
    if (option(descriptor, SO_ACCEPTCONN) != 1)
      return Error{which + "not listening: its .socket unit wants Accept=no"};
    auto address = address_of(descriptor);
    if (!address) return Error{which + "bound to no address of TCP and to no path"};
    if (sockets.find(*address) != kNone) return Error{which + "the second one of " + shown(*address, "")};
    sockets.all_.push_back({descriptor, name, std::move(*address)});
  }
  return sockets;
}

size_t PassedSockets::find(const Address& address) const {
  for (size_t i = 0; i < all_.size(); ++i)
    if (same_place(all_[i].address, address)) return i;
  return kNone;
}

bool PassedSockets::resolve(Address& address, Findings& findings) const {
  if (address.passed_name.empty()) return true;
  const Passed* found = nullptr;
  std::string known;
  size_t count = 0;
  for (const Passed& socket : all_) {
    known += (known.empty() ? "" : ", ") + shown(socket.address, socket.name);
    if (socket.name != address.passed_name) continue;
    found = &socket;
    ++count;
  }
  if (count == 1) {
    const Position at = address.at;
    address = found->address;
    address.at = at;
    return true;
  }
  const std::string place = "address: " + to_text(address) + ": ";
  if (count > 1)
    findings.error(address.at, "ambiguous-socket",
                   place +
                       "several sockets have this name: give each a .socket unit with a "
                       "FileDescriptorName= of its own, or name them by their addresses");
  else if (all_.empty())
    findings.error(address.at, "unknown-socket",
                   place + "no socket was passed: start the gate by its .socket unit, or name an address");
  else
    findings.error(address.at, "unknown-socket", place + "no such socket was passed, only " + known);
  return false;
}

void PassedSockets::claim(Config& config, Findings& findings) const {
  std::vector<const Address*> owners(all_.size());
  const auto claim_one = [&](Address& address) {
    if (!resolve(address, findings)) return;
    const size_t which = find(address);
    if (which == kNone) return;
    if (owners[which] != nullptr)
      findings.error(address.at, "duplicate-address",
                     "address: " + to_text(address) + " is already used in line " +
                         std::to_string(owners[which]->at.line));
    owners[which] = &address;
  };
  for (ListenConfig& listener : config.listen) {
    claim_one(listener.address);
    if (listener.connects && config.connect) config.connect->address = listener.address;
  }
  claim_one(config.admin.address);
  if (findings.has_errors()) return;
  for (size_t i = 0; i < all_.size(); ++i)
    if (owners[i] == nullptr)
      findings.error({config.file, 0, 0}, "unclaimed-socket",
                     "the service manager passes the socket " + shown(all_[i].address, all_[i].name) +
                         ", which no listener wants: name it under listen, connect or admin, or take it "
                         "out of its .socket unit");
}

Result<int> PassedSockets::duplicate(const Address& address) const {
  const size_t which = find(address);
  if (which == kNone) return -1;
  const int descriptor = ::fcntl(all_[which].descriptor, F_DUPFD_CLOEXEC, 0);
  if (descriptor < 0) return Error{std::strerror(errno)};
  return descriptor;
}

Result<void> take_passed_sockets() {
  const auto pid = number(std::getenv("LISTEN_PID"));
  if (!pid || *pid != ::getpid()) return {};
  const char* const text = std::getenv("LISTEN_FDS");
  if (text == nullptr) return {};
  const auto count = number(text);
  if (!count || *count < 1 || *count > PassedSockets::kMost)
    return Error{"LISTEN_FDS must be a number of sockets, 1 to " + std::to_string(PassedSockets::kMost)};
  const char* const names = std::getenv("LISTEN_FDNAMES");
  auto sockets = PassedSockets::of(PassedSockets::kFirst, *count, names == nullptr ? "" : names);
  if (!sockets) return sockets.error();
  of_process() = std::move(*sockets);
  return {};
}

const PassedSockets& passed_sockets() { return of_process(); }

}  // namespace sluice
