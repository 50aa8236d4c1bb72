#include "proxy/cli/admin_client.h"

#include <optional>
#include <utility>

namespace sluice {

namespace {

// The status of many clients, with a hundred denials of the greatest size.
constexpr Bytes kMostAnswer = 16_MiB;

}  // namespace

Result<Address> parse_admin_address(const std::string& text) {
  Result<Address> address = parse_address(text);
  if (address && address->host.empty()) return Error{"expected HOST:PORT"};
  return address;
}

AdminClient::AdminClient(EventLoop& loop, const Address& address, Millis patience)
    : loop_(loop), resolver_(loop) {
  options_.origin.tls = false;
  options_.origin.host = address.host;
  options_.origin.port = address.port;
  // The name under which the gate is reached here need not be one of admin.hosts: they guard against
  // browsers.
  options_.origin.authority = "localhost";
  options_.connect_timeout = patience;
  options_.total_timeout = patience;
  options_.response_cap = kMostAnswer;
}

void AdminClient::get(std::string target, std::function<void(HttpResult)> done) {
  // A connection of its own for each: one that is kept may have gone with a gate that was started anew.
  client_ = make_http_client(loop_, resolver_, options_);
  HttpCall call;
  call.method = "GET";
  call.target = std::move(target);
  client_->send(std::move(call), [this, done = std::move(done)](HttpResult result) {
    client_.reset();
    done(std::move(result));
  });
}

HttpResult ask_admin(const Address& address, std::string target, Millis patience) {
  EventLoop loop;
  std::optional<AdminClient> client(std::in_place, loop, address, patience);
  HttpResult result;
  client->get(std::move(target), [&result, &loop](HttpResult answer) {
    result = std::move(answer);
    loop.stop();
  });
  loop.run();
  return result;
}

}  // namespace sluice
