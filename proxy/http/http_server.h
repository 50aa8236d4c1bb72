// HttpServer: a small HTTP/1.1 server for whole requests, and answers that are whole or go on: the admin port
// and the simulators. Not for the data path, which streams both ways (proxy/gate). Keep-alive, chunked and
// Content-Length bodies, limits, timeouts. What clients do not take is bounded: 64 MiB of all, beyond which
// an answer over 4 KiB is 503. Owner: whoever serves. Thread: the loop's.
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

// The rest of an answer that goes on, in pieces. Owner: whoever writes them; must not outlive the server.
class HttpBody {
 public:
  // Ends the answer and the connection; one that has not taken everything yet is cut.
  virtual ~HttpBody() = default;
  // No-op when the client has left.
  virtual void write(std::string_view piece) = 0;
  // Octets that the client's socket has not taken; nothing bounds them but the writer.
  virtual size_t unsent() const = 0;
  virtual bool has_left() const = 0;
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // those of framing and connection are added
  std::string body;
  // Set: there is no `body`, the answer goes on. Called with the rest of it once the head has been written,
  // unless the request was HEAD or the client has left.
  std::function<void(std::unique_ptr<HttpBody>)> goes_on{};
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
