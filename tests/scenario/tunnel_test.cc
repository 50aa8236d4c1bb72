// A tunnel on memory streams: the test is the tool, which speaks TLS through it, and the vendor.
#include <gmock/gmock.h>

#include <thread>

#include "proxy/gate/tunnel.h"
#include "proxy/net/tls_stream.h"
#include "tests/fixtures/test_certificates.h"
#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kHost = "api.pushsecurity.com";
constexpr const char* kOpened = "HTTP/1.1 200 Connection established\r\n\r\n";

// The tool's side of TLS.
struct Tool final : StreamObserver {
  void on_connected() override { connected = true; }
  void on_data(std::string_view data) override { received += data; }
  void on_end() override {}
  void on_drained() override {}
  void on_closed(std::string_view reason) override { closed = reason; }
  MemoryStream wire;
  StreamPtr stream;
  std::string received, closed;
  bool connected = false;
};

class TunnelTest : public GateFixture {
 protected:
  static void SetUpTestSuite() { certificates_ = std::make_unique<TestCertificates>(); }
  static void TearDownTestSuite() { certificates_.reset(); }

  void start_connect(const std::string& settings = "") {
    start("    hosts: [ api.pushsecurity.com, other.test ]\n",
          "connect: { address: \"127.0.0.1:0\", ca: { certificate: " + certificates_->ca() +
              ", private_key: " + certificates_->path("ca.key") + " } }\n" + settings);
    auto trusting = TlsContext::for_client(certificates_->ca());
    ASSERT_TRUE(trusting);
    connects_->config.connects = true;
    trusting_ = std::move(*trusting);
  }

  void TearDown() override {
    const int64_t open = shared_ != nullptr ? shared_->connections.load() : 0;
    tools_.clear();
    EXPECT_EQ(open, expected_open_);
    GateFixture::TearDown();
  }

  // A connection to the listener of tunnels.
  MemoryStream& knock() {
    clients_.push_back(std::make_unique<MemoryStream>(&faults_));
    worker_->adopt(clients_.back()->lend(), *parse_ip("192.0.2.7"), connects_);
    return *clients_.back();
  }
  static std::string head(const std::string& fields = "Proxy-Authorization: Bearer token-of-the-scenario\r\n",
                          const std::string& target = std::string(kHost) + ":443") {
    return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + fields + "\r\n";
  }
  static std::string inner(const std::string& host = kHost) {
    return "GET /v1/findings HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  }

  // A tool that begins TLS; its first octets are in wire.written.
  Tool& tool() {
    tools_.push_back(std::make_unique<Tool>());
    Tool& made = *tools_.back();
    made.stream = TlsStream::connect(worker_->loop(), *trusting_, made.wire.lend(), kHost, &made);
    made.wire.connected();
    turn_until([&made] { return !made.wire.written.empty(); });
    return made;
  }
  // Carries octets both ways until `done`.
  void carry(Tool& made, MemoryStream& stream, const std::function<bool()>& done) {
    const Nanos give_up = monotonic_now() + std::chrono::seconds(10);
    while (!done() && monotonic_now() < give_up) {
      const std::string to_gate = std::exchange(made.wire.written, {});
      if (!to_gate.empty()) stream.feed(to_gate);
      const std::string to_tool = std::exchange(stream.written, {});
      if (!to_tool.empty()) made.wire.feed(to_tool);
      turn();
      std::this_thread::yield();
    }
    EXPECT_TRUE(done()) << made.closed;
  }
  // The gate's 200, taken off what it has written.
  void take_opened(MemoryStream& stream) {
    ASSERT_THAT(stream.written, StartsWith(kOpened));
    stream.written.erase(0, std::string_view(kOpened).size());
  }
  // A request through an open tunnel, and the vendor's answer.
  void ask(Tool& made, MemoryStream& stream) {
    carry(made, stream, [&made] { return made.connected; });
    made.stream->write(inner());
    carry(made, stream, [this] { return vendors() > 0; });
    MemoryStream& to_vendor = vendor();
    turn_until([&to_vendor] { return !to_vendor.written.empty(); });
    EXPECT_THAT(to_vendor.written, StartsWith("GET /v1/findings HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"));
    EXPECT_THAT(to_vendor.written, HasSubstr("x-api-key: vendor-key-of-the-scenario\r\n"));
    to_vendor.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    carry(made, stream, [&made] { return made.received.ends_with("{}"); });
    EXPECT_THAT(made.received, StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  // The tool leaves, and the gate notices.
  void leave(MemoryStream& stream) {
    stream.fail();
    turn();
    EXPECT_TRUE(stream.released);
    EXPECT_EQ(shared_->connections, 0);
  }

  static std::unique_ptr<TestCertificates> certificates_;
  std::unique_ptr<TlsContext> trusting_;
  std::vector<std::unique_ptr<Tool>> tools_;
  std::shared_ptr<Port> connects_ = std::make_shared<Port>();
  int64_t expected_open_ = 0;
};

std::unique_ptr<TestCertificates> TunnelTest::certificates_;

TEST_F(TunnelTest, CarriesARequestAsItsOpener) {
  start_connect();
  MemoryStream& stream = knock();
  stream.feed(head());
  take_opened(stream);
  EXPECT_EQ(stream.written, "");
  ask(tool(), stream);
  ASSERT_EQ(audit_.records.size(), 1U);
  EXPECT_EQ(audit_.records[0].client, "tool");
  EXPECT_EQ(audit_.records[0].path, "/v1/findings");
  EXPECT_EQ(audit_.records[0].source_ip, "192.0.2.7");
  EXPECT_EQ(connects_->connections, 1);
  leave(stream);
}

TEST_F(TunnelTest, LosesNoOctetThatComesWithTheHead) {
  start_connect();
  MemoryStream& stream = knock();
  Tool& made = tool();
  stream.feed(head() + std::exchange(made.wire.written, {}));
  take_opened(stream);
  ask(made, stream);
  leave(stream);
}

// The octets of head and TLS alike.
TEST_F(TunnelTest, OpensHoweverTheOctetsAreCut) {
  start_connect();
  const std::string text = head();
  for (size_t cut = 1; cut < text.size() + 40; ++cut) {
    MemoryStream& stream = knock();
    Tool& made = tool();
    const std::string octets = text + std::exchange(made.wire.written, {});
    stream.feed(octets.substr(0, cut));
    stream.feed(octets.substr(cut));
    take_opened(stream);
    carry(made, stream, [&made] { return made.connected; });
    ASSERT_TRUE(made.connected) << cut;
    leave(stream);
  }
}

TEST_F(TunnelTest, OpensOctetByOctet) {
  start_connect();
  MemoryStream& stream = knock();
  Tool& made = tool();
  for (const char c : head() + std::exchange(made.wire.written, {})) stream.feed({&c, 1});
  take_opened(stream);
  ask(made, stream);
  leave(stream);
}

TEST_F(TunnelTest, AnswersWhatIsWrongOnceAndEnds) {
  start_connect();
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {head("", "evil.com:443"), "403 Forbidden"},
      {head("", "api.pushsecurity.com:22"), "403 Forbidden"},
      {head("Proxy-Authorization: Bearer no\r\n"), "407 Proxy Authentication Required"},
      {head("Content-Length: 3\r\n"), "400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "405 Method Not Allowed"},
      {"CONNECT a:1\n", "400 Bad Request"}};
  for (const auto& [text, status] : wrong) {
    MemoryStream& stream = knock();
    stream.feed(text);
    EXPECT_THAT(stream.written, StartsWith("HTTP/1.1 " + status + "\r\n"));
    EXPECT_TRUE(stream.finished);
    const std::string before = stream.written;
    stream.feed(head());  // nothing that follows counts
    EXPECT_EQ(stream.written, before);
    EXPECT_FALSE(stream.released);  // the tool may read in peace
    stream.end();
    EXPECT_TRUE(stream.released);
  }
  ASSERT_EQ(audit_.records.size(), wrong.size());
  EXPECT_EQ(audit_.records[0].type, AuditType::kRequestRefused);
  EXPECT_EQ(audit_.records[0].method, "CONNECT");
  EXPECT_EQ(audit_.records[0].path, "evil.com:443");
  EXPECT_THAT(audit_.records[0].reason, StartsWith("host-denied: "));
  EXPECT_EQ(audit_.records[0].status, 403);
}

TEST_F(TunnelTest, RecordsOfAHostileHeadNoMoreThanItTakesToKnowIt) {
  start_connect();
  knock().feed(std::string(20'000, 'M') + " a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
  knock().feed(head("", std::string(8'000, 'a') + ":443"));
  ASSERT_EQ(audit_.records.size(), 2U);
  EXPECT_EQ(audit_.records[0].method, std::string(32, 'M'));
  EXPECT_EQ(audit_.records[1].path, std::string(300, 'a'));
  expected_open_ = 2;
}

TEST_F(TunnelTest, WaitsForASlowReaderOfARefusal) {
  start_connect();
  MemoryStream& stream = knock();
  stream.stall();
  stream.feed(head("", "evil.com:443"));
  stream.end();
  EXPECT_FALSE(stream.released);
  stream.drain();
  EXPECT_THAT(stream.written, StartsWith("HTTP/1.1 403 "));
  EXPECT_TRUE(stream.released);
}

TEST_F(TunnelTest, SaysNothingOfAToolThatLeavesBeforeItHasAsked) {
  start_connect();
  knock().end();
  knock().fail();
  MemoryStream& half = knock();
  half.feed("CONNECT api.push");
  half.end();
  EXPECT_TRUE(half.released);
  EXPECT_TRUE(audit_.records.empty());
  EXPECT_EQ(shared_->connections, 0);
}

TEST_F(TunnelTest, TimesOutWithAnAnswerOnlyOnceAHeadHasBegun) {
  start_connect("limits: { head_time: 20ms }\n");
  MemoryStream& silent = knock();
  MemoryStream& half = knock();
  half.feed("CONNECT api.push");
  turn_until([&] { return silent.released && half.finished; });
  EXPECT_EQ(silent.written, "");
  EXPECT_THAT(half.written, StartsWith("HTTP/1.1 408 "));
  half.end();
  EXPECT_EQ(audit_.records.size(), 1U);
}

TEST_F(TunnelTest, CountsAgainstTheLimitsOfConnections) {
  start_connect("limits: { connections_per_source: 1 }\n");
  MemoryStream& first = knock();
  MemoryStream& second = knock();
  EXPECT_THAT(second.written, StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(second.released);
  first.feed(head());  // stays the same one
  take_opened(first);
  MemoryStream& third = knock();
  EXPECT_TRUE(third.released);
  first.fail();
  EXPECT_EQ(shared_->connections, 0);
  EXPECT_FALSE(knock().released);
  expected_open_ = 1;
}

// Runs a tunnel once to count its operations, then once for each, which fails.
TEST_F(TunnelTest, SurvivesAFaultOfEachOperation) {
  for (size_t fail_at = 0;; ++fail_at) {
    faults_ = {0, fail_at};
    start_connect();
    MemoryStream& stream = knock();
    Tool& made = tool();
    stream.feed(head());
    for (int i = 0; i < 200 && !made.connected && !stream.released; ++i) {
      if (stream.written.starts_with(kOpened)) take_opened(stream);
      const std::string to_gate = std::exchange(made.wire.written, {});
      if (!to_gate.empty()) stream.feed(to_gate);
      const std::string to_tool = std::exchange(stream.written, {});
      if (!to_tool.empty()) made.wire.feed(to_tool);
      turn();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_TRUE(made.connected || stream.released || fail_at > 0);
    stream.fail();
    turn();
    EXPECT_TRUE(stream.released) << fail_at;
    EXPECT_EQ(shared_->connections, 0) << fail_at;
    const bool all_failed = fail_at > faults_.count;
    tools_.clear();
    worker_.reset();
    clients_.clear();
    if (all_failed) break;
  }
  EXPECT_TRUE(audit_.records.empty());
}

}  // namespace
}  // namespace sluice
