// RedisServer: a real redis-server of the test's own, on a unix socket in a temporary folder, on loopback if
// wanted, and one synchronous connection to it. Ends with the fixture. A test that finds no redis-server
// fails.
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice {

class RedisServer {
 public:
  explicit RedisServer(bool listens = false);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  uint16_t port() const { return port_; }

  struct Reply {
    std::string error;  // not empty: what the server or the connection said
    std::string text;
    std::vector<int64_t> numbers;  // of an array of integers
  };
  Reply run(const std::vector<std::string>& command);

 private:
  std::string folder_;
  uint16_t port_ = 0;
  int pid_ = -1;
  redisContext* connection_ = nullptr;
};

}  // namespace sluice
