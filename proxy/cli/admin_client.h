// admin_client: asks the admin port of a running gate, for commands.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/address.h"
#include "config/result.h"
#include "proxy/http/http_client.h"

namespace sluice {

// HOST:PORT; the other kinds of addresses are an error.
Result<Address> parse_admin_address(const std::string& text);

// Owner: a command. Thread: the loop's. Destroying it cancels what is under way without a call back.
class AdminClient {
 public:
  // A whole answer has to come within `patience`.
  AdminClient(EventLoop& loop, const Address& address, Millis patience);

  // GET. Requires: no call is under way. `done` is called once, after this has returned.
  void get(std::string target, std::function<void(HttpResult)> done);

 private:
  EventLoop& loop_;
  Resolver resolver_;
  HttpClientOptions options_;
  std::unique_ptr<HttpClient> client_;
};

// One GET, on a loop of its own.
HttpResult ask_admin(const Address& address, std::string target, Millis patience);

}  // namespace sluice
