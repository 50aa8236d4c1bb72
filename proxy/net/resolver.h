// Resolver: host names to addresses without blocking the loop (getaddrinfo on libuv's thread pool),
// remembered for 30 s. Who asks for a name that is being looked up waits for the same answer: a name server that
// never answers takes one thread of the pool and no more. Literal addresses answer at once. Owner: one per
// loop. Thread: the loop's.
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
  ~Resolver();  // cancels: no call back follows
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
  // Null: it could not begin, and `why` says why.
  Lookup* begin(const std::string& host, std::string* why);
  void finish(Lookup* lookup, int status, const void* list);

  EventLoop& loop_;
  uint64_t next_id_ = 1;
  std::map<std::string, Lookup*> pending_;  // by host
  std::vector<Lookup*> answering_;          // no longer pending; their waiters are being told
  std::map<std::string, Remembered> remembered_;
};

}  // namespace sluice
