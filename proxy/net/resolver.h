// Resolver: host names to addresses without blocking the loop, remembered for 30 s. getaddrinfo cannot be
// interrupted, so each lookup has a thread of its own that nobody ever waits for: a name server that never
// answers holds up neither other names nor the end of the process. Who asks for a name that is being looked
// up waits for the same answer, so a name takes one thread at most. Literal addresses answer at once. Owner:
// one per loop, which outlives it. Thread: the loop's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/ip.h"
#include "config/result.h"
#include "proxy/net/event_loop.h"

namespace sluice {

class Resolver {
 public:
  using Answer = std::function<void(const Result<std::vector<IpAddress>>&)>;

  explicit Resolver(EventLoop& loop);
  ~Resolver();  // no call back follows
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls back now (literal or remembered) or in a later turn. Returns an id for cancel(), 0 when it has
  // called back.
  uint64_t resolve(const std::string& host, Answer answer);
  void cancel(uint64_t id);
  // Answers with these from now on, for 30 s.
  void remember(const std::string& host, std::vector<IpAddress> addresses);

 private:
  struct Lookup;
  struct Remembered {
    std::vector<IpAddress> addresses;
    Millis until{0};
  };
  Result<Lookup*> begin(const std::string& host);
  void finish(const std::shared_ptr<Lookup>& lookup);
  void forget(Lookup& lookup);

  EventLoop& loop_;
  uint64_t next_id_ = 1;
  std::map<std::string, std::shared_ptr<Lookup>> pending_;  // by host
  std::vector<std::shared_ptr<Lookup>> answering_;          // no longer pending; their waiters are being told
  std::map<std::string, Remembered> remembered_;
};

}  // namespace sluice
