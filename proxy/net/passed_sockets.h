// PassedSockets: the listening sockets that a service manager has opened for this process (socket activation,
// sd_listen_fds(3)). They stay open, and keep new connections waiting, as long as the process lives; each
// listener gets a duplicate, so that workers share one socket. Owner: the process, see passed_sockets().
// Thread: any, once taken.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"
#include "config/model.h"
#include "config/result.h"

namespace sluice {

class PassedSockets {
 public:
  static constexpr int kFirst = 3;    // SD_LISTEN_FDS_START
  static constexpr int kMost = 1024;  // any number that is no mistake

  PassedSockets() = default;
  // The descriptors from `first` on; `names` as in LISTEN_FDNAMES, with colons between, or "". They are
  // closed in children from now on. Fails for what is no listening stream socket of TCP or a path.
  static Result<PassedSockets> of(int first, int count, std::string_view names);

  // Gives `systemd:NAME` its address. Errors: a name that was not passed, or more than once; a socket that no
  // listener wants, or several.
  void claim(Config& config, Findings& findings) const;
  // A descriptor of one's own for the socket of this address; -1: none was passed. Fails as dup(2).
  Result<int> duplicate(const Address& address) const;

 private:
  struct Passed {
    int descriptor = -1;
    std::string name;  // FileDescriptorName=
    Address address;
  };
  static constexpr size_t kNone = static_cast<size_t>(-1);

  size_t find(const Address& address) const;
  bool resolve(Address& address, Findings& findings) const;

  std::vector<Passed> all_;
};

// From the environment; nothing where it speaks to another process. Once, from main, before any thread.
Result<void> take_passed_sockets();
const PassedSockets& passed_sockets();

}  // namespace sluice
