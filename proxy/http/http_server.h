// HttpServer: a small HTTP/1.1 server for whole requests and whole answers: the admin port and the
// simulators. Not for the data path, which streams (proxy/gate). Keep-alive, chunked and Content-Length
// bodies, limits, timeouts. Owner: whoever serves. Thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/tls_context.h"

namespace sluice {

struct HttpRequest {
  std::string method;
  std::string path;   // as it came, without the query
  std::string query;  // without "?"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The value of the first header of this name, any case, or "".
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Length and Connection are added
  std::string body;
};

// Answers a request, now or later, once. Does nothing when the client has left.
using HttpAnswer = std::function<void(HttpResponse)>;
using HttpHandler = std::function<void(const HttpRequest&, HttpAnswer)>;

class HttpServer {
 public:
  virtual ~HttpServer() = default;  // closes the listener and every connection
  virtual uint16_t port() const = 0;
  // Stops listening; connections close after the answer under way.
  virtual void drain() = 0;
};

// `tls` may be null; it has to outlive the server.
Result<std::unique_ptr<HttpServer>> serve_http(EventLoop& loop, const Address& address, const TlsContext* tls,
                                               HttpHandler handler);

}  // namespace sluice
