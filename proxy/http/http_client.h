// HttpClient: whole requests to one origin over one kept-alive connection, one at a time: webhook deliveries.
// Not for the data path, which streams and pools (proxy/gate). Redirects are an answer like any other.
// Owner: whoever sends. Thread: the loop's. Destroying it cancels what is under way without a call back.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/ip.h"
#include "config/model.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/resolver.h"
#include "proxy/net/tls_context.h"

namespace sluice {

struct HttpCall {
  std::string method = "POST";
  std::string target;                                        // path and query
  std::vector<std::pair<std::string, std::string>> headers;  // Host and Content-Length are added
  std::string body;
};

struct HttpResult {
  std::string error;          // not empty: no whole answer, and why; of the rest only answer_begun is set
  bool answer_begun = false;  // of an error: the head of an answer has come, or what should have been one
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // at most `response_cap`
};

struct HttpClientOptions {
  UpstreamUrl origin;               // path unused
  const TlsContext* tls = nullptr;  // required for https; outlives the client
  std::string server_name;          // to verify and send as SNI; empty: the origin's host
  Millis connect_timeout{5'000};    // with TLS
  Millis total_timeout{15'000};
  Bytes response_cap = 64_KiB;  // a longer answer is an error
  // Says why an address must not be connected to, or "". Asked after resolution, for the address used.
  std::function<std::string(const IpAddress&)> refuse_address;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Requires: no call is under way. `done` is called once, after this has returned; it may send again or
  // destroy this.
  virtual void send(HttpCall call, std::function<void(HttpResult)> done) = 0;
};

std::unique_ptr<HttpClient> make_http_client(EventLoop& loop, Resolver& resolver, HttpClientOptions options);

}  // namespace sluice
