#include "proxy/http/http_server.h"

#include <map>

#include "config/ascii.h"
#include "proxy/http/http_connection.h"
#include "proxy/net/listener.h"

namespace sluice {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (equals_ignoring_case(known, name)) return value;
  }
  return {};
}

namespace {

constexpr size_t kMaxConnections = 1024;
constexpr size_t kMostUnsent = 64 << 20;  // answers that clients have not taken, all together
constexpr size_t kSmall = 4 << 10;        // octets; beyond that, too: health is asked for by who restarts

class Server final : public HttpServer, public HttpConnectionOwner {
 public:
  Server(EventLoop& loop, HttpHandler handler) : loop_(loop), handler_(std::move(handler)) {}

  Result<void> listen(const Address& address, const TlsContext* tls) {
    // Not owned: it outlives this.
    auto opened = Listener::open(loop_, address, Listener::PortUse::kAlone, {std::shared_ptr<void>(), tls},
                                 [this](Accepted accepted) { accept(std::move(accepted)); });
    if (!opened) return opened.error();
    listener_ = std::move(*opened);
    port_ = listener_->port();
    return {};
  }

  uint16_t port() const override { return port_; }

  void drain() override {
    listener_.reset();
    std::vector<uint64_t> ids;
    for (const auto& [id, connection] : connections_) ids.push_back(id);
    for (const uint64_t id : ids)
      if (HttpConnection* connection = find(id)) connection->drain();
  }

  HttpConnection* find(uint64_t id) const {
    const auto found = connections_.find(id);
    return found != connections_.end() ? found->second.get() : nullptr;
  }

 private:
  class Body final : public HttpBody {
   public:
    Body(Server& server, uint64_t id) : server_(server), id_(id) {}
    ~Body() override {
      if (HttpConnection* connection = server_.find(id_)) connection->end_answer();
    }
    void write(std::string_view piece) override {
      if (HttpConnection* connection = server_.find(id_)) connection->write_piece(piece);
    }
    size_t unsent() const override {
      const HttpConnection* connection = server_.find(id_);
      return connection != nullptr ? connection->unsent() : 0;
    }
    bool has_left() const override { return server_.find(id_) == nullptr; }

   private:
    Server& server_;
    const uint64_t id_;
  };

  void accept(Accepted accepted) {
    if (connections_.size() >= kMaxConnections) return;  // closes it
    const uint64_t id = next_id_++;
    connections_.emplace(id, std::make_unique<HttpConnection>(*this, id, loop_, std::move(accepted.stream)));
  }

  void handle(uint64_t id, const HttpRequest& request) override {
    handler_(request, [this, id](const HttpResponse& response) { answer(id, response); });
  }

  void answer(uint64_t id, const HttpResponse& response) {
    HttpConnection* connection = find(id);
    if (connection == nullptr) return;
    const bool is_large = response.goes_on || response.body.size() > kSmall;
    if (is_large && unsent() > kMostUnsent)
      return connection->answer({503, {{"Retry-After", "5"}, {"Cache-Control", "no-store"}}, "", nullptr});
    if (!response.goes_on) return connection->answer(response);
    if (connection->begin_answer(response)) response.goes_on(std::make_unique<Body>(*this, id));
  }

  size_t unsent() const {
    size_t all = 0;
    for (const auto& [id, connection] : connections_) all += connection->unsent();
    return all;
  }

  void remove(uint64_t id) override {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    loop_.destroy_later(std::move(found->second));
    connections_.erase(found);
  }

  EventLoop& loop_;
  HttpHandler handler_;
  std::unique_ptr<Listener> listener_;
  uint16_t port_ = 0;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::unique_ptr<HttpConnection>> connections_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> serve_http(EventLoop& loop, const Address& address, const TlsContext* tls,
                                               HttpHandler handler) {
  auto server = std::make_unique<Server>(loop, std::move(handler));
  if (const Result<void> listening = server->listen(address, tls); !listening) return listening.error();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace sluice
