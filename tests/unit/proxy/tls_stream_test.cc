// TlsStream against itself over memory streams: the test carries the octets.
#include "proxy/net/tls_stream.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "tests/fixtures/memory_stream.h"
#include "tests/fixtures/test_certificates.h"

namespace sluice {
namespace {

struct Peer final : StreamObserver {
  void on_connected() override { connected = true; }
  void on_data(std::string_view data) override { received += data; }
  void on_end() override { ended = true; }
  void on_drained() override {}
  void on_closed(std::string_view reason) override { closed = reason; }
  MemoryStream wire;
  StreamPtr stream;
  std::string received, closed;
  bool connected = false, ended = false;
};

// Work that lasts until it is let go.
struct Blocker final : Work {
  void work() override {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return open; });
  }
  void on_worked() override {}
  void let_go() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
};

class TlsStreams : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates_ = std::make_unique<TestCertificates>();
    certificates_->issue("server", "DNS:localhost");
  }
  static void TearDownTestSuite() { certificates_.reset(); }

  void SetUp() override {
    auto server =
        TlsContext::for_listener({certificates_->path("server.crt"), certificates_->path("server.key"), ""});
    auto client = TlsContext::for_client(certificates_->ca());
    ASSERT_TRUE(server) << server.error().message;
    ASSERT_TRUE(client) << client.error().message;
    server_context_ = std::move(*server);
    client_context_ = std::move(*client);
  }

  void start(Peer& client, Peer& server) {
    client.stream = TlsStream::connect(loop_, *client_context_, client.wire.lend(), "localhost", &client);
    server.stream = TlsStream::accept(loop_, *server_context_, server.wire.lend());
    server.stream->set_observer(&server);
    client.wire.connected();
  }

  // What one has written arrives at the other.
  static void carry(Peer& from, Peer& to) {
    const std::string octets = std::move(from.wire.written);
    from.wire.written.clear();
    if (!octets.empty()) to.wire.feed(octets);
  }

  void turn_until(const std::function<bool()>& done) {
    const Millis give_up = loop_.now() + Millis(20'000);
    while (!done() && loop_.now() < give_up) {
      loop_.turn();
      std::this_thread::yield();
    }
    ASSERT_TRUE(done());
  }

  void connect(Peer& client, Peer& server) {
    start(client, server);
    turn_until([&] {
      carry(client, server);
      carry(server, client);
      return client.connected && server.connected;
    });
  }

  static std::unique_ptr<TestCertificates> certificates_;
  EventLoop loop_;
  std::unique_ptr<TlsContext> server_context_, client_context_;
};

std::unique_ptr<TestCertificates> TlsStreams::certificates_;

TEST_F(TlsStreams, CarryOctetsBothWaysAndTheEnd) {
  Peer client, server;
  start(client, server);
  client.stream->write("early");
  turn_until([&] {
    carry(client, server);
    carry(server, client);
    return client.connected && server.received == "early";
  });
  server.stream->write("answer");
  carry(server, client);
  EXPECT_EQ(client.received, "answer");
  server.stream.reset();
  carry(server, client);
  EXPECT_TRUE(client.ended);
  EXPECT_EQ(client.closed, "");
}

TEST_F(TlsStreams, ShakeHandsOffTheLoopsThread) {
  Peer client, server;
  start(client, server);
  EXPECT_EQ(client.wire.written, "") << "a step was taken on the loop's thread";
  turn_until([&] { return !client.wire.written.empty(); });
  const uint64_t before = loop_.work().done();
  carry(client, server);
  EXPECT_EQ(server.wire.written, "") << "a step was taken on the loop's thread";
  turn_until([&] { return !server.wire.written.empty(); });
  EXPECT_EQ(loop_.work().done(), before + 1);
}

TEST_F(TlsStreams, HoldNobodyUpWhileTheirHandshakesWait) {
  std::array<Blocker, WorkQueue::kAtOnce> blockers;
  for (Blocker& blocker : blockers) loop_.work().submit(blocker);
  Peer client, server;
  start(client, server);
  bool served = false;
  loop_.post([&served] { served = true; });
  turn_until([&] { return served; });
  EXPECT_EQ(loop_.work().waiting(), 1U);
  EXPECT_EQ(client.wire.written, "");
  for (Blocker& blocker : blockers) blocker.let_go();
  turn_until([&] {
    carry(client, server);
    carry(server, client);
    return client.connected && server.connected;
  });
}

TEST_F(TlsStreams, KeepWhatArrivesDuringAStep) {
  Peer client, server;
  start(client, server);
  client.stream->write("early");
  turn_until([&] {
    for (Peer* from : {&client, &server}) {  // one octet at a time
      Peer& to = from == &client ? server : client;
      const std::string octets = std::move(from->wire.written);
      from->wire.written.clear();
      for (const char octet : octets) to.wire.feed({&octet, 1});
    }
    return client.connected && server.received == "early";
  });
  EXPECT_EQ(client.closed + server.closed, "");
}

TEST_F(TlsStreams, MakeAPeerWaitThatSendsTooMuchDuringAStep) {
  std::array<Blocker, WorkQueue::kAtOnce> blockers;
  for (Blocker& blocker : blockers) loop_.work().submit(blocker);
  Peer client, server;
  start(client, server);
  server.wire.feed("\x16");
  EXPECT_TRUE(server.wire.reading);
  server.wire.feed(std::string(65 * 1024, 'x'));
  EXPECT_FALSE(server.wire.reading);
  for (Blocker& blocker : blockers) blocker.let_go();
  turn_until([&] { return !server.closed.empty(); });
}

TEST_F(TlsStreams, MayBeLetGoAtAnyMomentOfAHandshake) {
  for (int moment = 0; moment < 40; ++moment) {
    Peer client, server;
    start(client, server);
    for (int i = 0; i < moment; ++i) {
      carry(client, server);
      carry(server, client);
      loop_.turn();
      if (i % 3 == 0) std::this_thread::yield();
    }
    (moment % 2 == 0 ? server : client).stream.reset();
    server.stream.reset();
    client.stream.reset();
    EXPECT_EQ(client.closed + server.closed, "");
  }
}

TEST_F(TlsStreams, TellOfAnEndDuringAStep) {
  Peer client, server;
  start(client, server);
  turn_until([&] { return !client.wire.written.empty(); });
  carry(client, server);
  server.wire.end();
  EXPECT_EQ(server.closed, "");
  turn_until([&] { return !server.closed.empty(); });
  EXPECT_EQ(server.closed, "tls handshake failed: the peer broke it off");
}

TEST_F(TlsStreams, TellOfAFailureDuringAStepAtOnce) {
  Peer client, server;
  start(client, server);
  turn_until([&] { return !client.wire.written.empty(); });
  carry(client, server);
  server.wire.fail("connection reset by peer");
  EXPECT_EQ(server.closed, "connection reset by peer");
  server.stream.reset();
}

TEST_F(TlsStreams, KeepWhatTheyWereMadeFromOverAReload) {
  Peer client, server;
  connect(client, server);
  const std::weak_ptr<const TlsMaterial> old = server_context_->material();
  const std::string before = server_context_->material()->certificates().at(0).sha256;
  certificates_->issue("server", "DNS:localhost");
  ASSERT_TRUE(server_context_->reload());
  EXPECT_NE(server_context_->material()->certificates().at(0).sha256, before);
  EXPECT_FALSE(old.expired());
  server.stream->write("still there");
  carry(server, client);
  EXPECT_EQ(client.received, "still there");
  server.stream.reset();
  loop_.reap();
  EXPECT_TRUE(old.expired());
}

TEST_F(TlsStreams, AReloadThatFailsNamesTheFileAndChangesNothing) {
  TestCertificates others;
  others.issue("server", "DNS:localhost");
  const std::string key = certificates_->path("server.key");
  const auto before = server_context_->material();
  std::filesystem::copy_file(others.path("server.key"), key,
                             std::filesystem::copy_options::overwrite_existing);
  Result<void> reloaded = server_context_->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().message, "the private key " + key + " does not fit the certificate " +
                                          certificates_->path("server.crt") + ": key values mismatch");
  EXPECT_EQ(server_context_->material(), before);
  certificates_->issue("server", "DNS:localhost");
  EXPECT_TRUE(server_context_->reload());
}

// OpenSSL's own ways to read a file would read on for ever, as they would wait for a pipe.
TEST_F(TlsStreams, NoFileIsReadWithoutEnd) {
  const std::string endless = "/dev/urandom", key = certificates_->path("server.key");
  const auto certificate = TlsContext::for_listener({endless, key, ""});
  ASSERT_FALSE(certificate);
  EXPECT_EQ(certificate.error().message, "cannot read the certificate /dev/urandom: it is larger than 10MiB");
  const auto ca = TlsContext::for_client(endless);
  ASSERT_FALSE(ca);
  EXPECT_EQ(ca.error().message, "cannot read the ca /dev/urandom: it is larger than 10MiB");
  const auto client_ca = TlsContext::for_listener({certificates_->path("server.crt"), key, endless});
  ASSERT_FALSE(client_ca);
  EXPECT_EQ(client_ca.error().message, "cannot read the client ca /dev/urandom: it is larger than 10MiB");
}

}  // namespace
}  // namespace sluice
