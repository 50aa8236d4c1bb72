// HttpServer and HttpClient against each other over real sockets, plain and with TLS.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "proxy/http/http_client.h"
#include "proxy/http/http_server.h"
#include "proxy/net/listener.h"
#include "tests/fixtures/test_certificates.h"

namespace sluice {
namespace {

class HttpLoopback : public testing::Test {
 protected:
  ~HttpLoopback() override { resolver_.reset(); }

  void serve(const TlsContext* tls = nullptr) {
    auto server = serve_http(loop_, {"127.0.0.1", 0, "", {}}, tls,
                             [this](const HttpRequest& request, HttpAnswer answer) {
                               ++requests_;
                               last_ = request;
                               HttpResponse response;
                               response.headers.emplace_back("X-Path", request.path);
                               response.body = request.method + " " + request.body;
                               answer(std::move(response));
                             });
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  HttpClientOptions options() const {
    HttpClientOptions made;
    made.origin = {false, "127.0.0.1", server_->port(), "", "127.0.0.1:" + std::to_string(server_->port())};
    return made;
  }

  HttpResult call(HttpClient& client, HttpCall request) {
    HttpResult result;
    bool done = false;
    client.send(std::move(request), [&](HttpResult got) {
      result = std::move(got);
      done = true;
    });
    EXPECT_FALSE(done) << "told before send() returned";
    const Millis give_up = loop_.now() + Millis(10'000);
    while (!done && loop_.now() < give_up) uv_run(loop_.uv(), UV_RUN_ONCE);
    EXPECT_TRUE(done);
    return result;
  }

  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_ = std::make_unique<Resolver>(loop_);
  std::unique_ptr<HttpServer> server_;
  int requests_ = 0;
  HttpRequest last_;
};

TEST_F(HttpLoopback, KeepsTheConnectionForTheNextCall) {
  serve();
  auto client = make_http_client(loop_, *resolver_, options());
  for (int i = 0; i < 3; ++i) {
    const HttpResult result = call(*client, {"POST", "/a?b=c", {{"X-Test", "1"}}, "hello"});
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.status, 200);
    EXPECT_EQ(result.body, "POST hello");
  }
  EXPECT_EQ(last_.path, "/a");
  EXPECT_EQ(last_.query, "b=c");
  EXPECT_EQ(last_.header("x-test"), "1");
  EXPECT_EQ(requests_, 3);
}

TEST_F(HttpLoopback, SaysWhyNothingWasReached) {
  serve();
  HttpClientOptions made = options();
  server_.reset();
  auto client = make_http_client(loop_, *resolver_, made);
  EXPECT_EQ(call(*client, {"GET", "/", {}, ""}).error, "cannot connect: connection refused");
  made.refuse_address = [](const IpAddress&) { return "this address is not allowed"; };
  client = make_http_client(loop_, *resolver_, made);
  EXPECT_EQ(call(*client, {"GET", "/", {}, ""}).error, "cannot connect: this address is not allowed");
}

TEST_F(HttpLoopback, GivesUpInTimeAndOverTheCap) {
  auto slow = serve_http(loop_, {"127.0.0.1", 0, "", {}}, nullptr, [](const HttpRequest&, HttpAnswer) {});
  ASSERT_TRUE(slow);
  server_ = std::move(*slow);
  HttpClientOptions made = options();
  made.total_timeout = Millis(50);
  auto client = make_http_client(loop_, *resolver_, made);
  EXPECT_EQ(call(*client, {"GET", "/", {}, ""}).error, "no answer in time");
  server_.reset();
  serve();
  made = options();
  made.response_cap = Bytes{10};
  client = make_http_client(loop_, *resolver_, made);
  EXPECT_EQ(call(*client, {"POST", "/", {}, "more than ten"}).error, "the answer is over 10B");
}

TEST_F(HttpLoopback, TriesOnceMoreWhenAKeptConnectionWasClosed) {
  serve();
  auto client = make_http_client(loop_, *resolver_, options());
  EXPECT_EQ(call(*client, {"GET", "/", {}, ""}).status, 200);
  const uint16_t port = server_->port();
  server_.reset();
  auto again =
      serve_http(loop_, {"127.0.0.1", port, "", {}}, nullptr, [](const HttpRequest&, HttpAnswer answer) {
        answer({204, {}, ""});
      });
  ASSERT_TRUE(again);
  server_ = std::move(*again);
  EXPECT_EQ(call(*client, {"GET", "/", {}, ""}).status, 204);
}

// Asks for something, and reads nothing of what comes.
class DeafClient {
 public:
  DeafClient(uint16_t port, std::string_view request) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor_, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::send(descriptor_, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  }
  ~DeafClient() { ::close(descriptor_); }

 private:
  int descriptor_;
};

TEST_F(HttpLoopback, GivesOnlySmallAnswersWhileLargeOnesAreNotTaken) {
  int large = 0;
  auto server = serve_http(loop_, {"127.0.0.1", 0, "", {}}, nullptr,
                           [&large](const HttpRequest& request, HttpAnswer answer) {
                             const bool is_large = request.path == "/large";
                             large += is_large ? 1 : 0;
                             answer({200, {}, std::string(is_large ? 24 << 20 : 4'096, 'x')});
                           });
  ASSERT_TRUE(server);
  server_ = std::move(*server);
  HttpClientOptions made = options();
  made.response_cap = Bytes{32 << 20};
  auto client = make_http_client(loop_, *resolver_, made);
  EXPECT_EQ(call(*client, {"GET", "/large", {}, ""}).status, 200);
  std::vector<std::unique_ptr<DeafClient>> deaf;
  for (int i = 0; i < 5; ++i)
    deaf.push_back(
        std::make_unique<DeafClient>(server_->port(), "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  while (large < 6) loop_.turn();
  EXPECT_EQ(call(*client, {"GET", "/large", {}, ""}).status, 503);
  EXPECT_EQ(call(*client, {"GET", "/small", {}, ""}).status, 200);
  deaf.clear();
  for (int i = 0; i < 10; ++i) loop_.turn();
  EXPECT_EQ(call(*client, {"GET", "/large", {}, ""}).status, 200);
}

class HttpLoopbackTls : public HttpLoopback {
 protected:
  void serve_tls(const std::string& names) {
    certificates_.issue("server", names);
    auto tls =
        TlsContext::for_listener({certificates_.path("server.crt"), certificates_.path("server.key"), ""});
    ASSERT_TRUE(tls) << tls.error().message;
    server_tls_ = std::move(*tls);
    serve(server_tls_.get());
  }

  HttpResult call_tls(const std::string& ca, const std::string& server_name) {
    auto tls = TlsContext::for_client(ca);
    EXPECT_TRUE(tls) << tls.error().message;
    HttpClientOptions made = options();
    made.origin.tls = true;
    made.tls = (*tls).get();
    made.server_name = server_name;
    made.response_cap = 1_MiB;
    auto client = make_http_client(loop_, *resolver_, made);
    HttpResult result = call(*client, {"POST", "/", {}, std::string(100'000, 'x')});
    client.reset();
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
    return result;
  }

  TestCertificates certificates_;
  std::unique_ptr<TlsContext> server_tls_;
};

TEST_F(HttpLoopbackTls, CarriesWholeMessages) {
  serve_tls("DNS:localhost,IP:127.0.0.1");
  for (const char* name : {"localhost", "127.0.0.1"}) {
    HttpResult result = call_tls(certificates_.ca(), name);
    EXPECT_EQ(result.error, "") << name;
    EXPECT_EQ(result.status, 200) << name;
  }
}

TEST_F(HttpLoopbackTls, RefusesAnotherNameAndAnotherIssuer) {
  serve_tls("DNS:other.example");
  EXPECT_EQ(call_tls(certificates_.ca(), "localhost").error,
            "cannot connect: tls handshake failed: hostname mismatch");
  TestCertificates others;
  EXPECT_NE(call_tls(others.ca(), "other.example").error.find("tls handshake failed"), std::string::npos);
  EXPECT_EQ(requests_, 0);
}

}  // namespace
}  // namespace sluice
