#include "proxy/pacing/redis_store.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>

#include "proxy/pacing/shared_limits.h"
#include "redis_server.h"

namespace {

constexpr std::string_view kHangingHost = "hangs.test";
std::atomic<bool> lookup_begun{false};
std::atomic<bool> lookup_may_end{false};

}  // namespace

// In place of the system's: the lookup of one name hangs until the test lets go of it, for two seconds at
// most.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  static const auto system = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host == nullptr || host != kHangingHost) return system(host, service, hints, found);
  lookup_begun = true;
  for (int i = 0; i < 200 && !lookup_may_end; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return EAI_AGAIN;
}

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

RateLimitStoreConfig config_for(uint16_t port, int64_t replicas) {
  RateLimitStoreConfig config;
  config.redis.host = "127.0.0.1";
  config.redis.port = port;
  config.replicas = replicas;
  return config;
}

// A process: its limits, and what a scheduler would see of one API.
struct Process final : BudgetObserver {
  explicit Process(uint16_t port, int64_t replicas = 1, RateLimit limit = {1'000, 500})
      : limits(std::move(*SharedLimits::make(config_for(port, replicas)))),
        budget(limits->make_budget("api", limit)) {
    budget->set_observer(this);
    limits->start();
  }
  ~Process() {
    limits.reset();
    budget->set_observer(nullptr);
  }
  void on_slots() override { ++woken; }

  SharedBudget::Standing standing() const { return limits->state().apis[0].standing; }

  std::unique_ptr<SharedLimits> limits;
  std::unique_ptr<Budget> budget;
  std::atomic<int> woken{0};
};

::testing::AssertionResult becomes_true(const std::function<bool()>& what) {
  for (int i = 0; i < 1'000; ++i) {
    if (what()) return ::testing::AssertionSuccess();
    std::this_thread::sleep_for(milliseconds(10));
  }
  return ::testing::AssertionFailure() << "not within 10 s";
}

TEST(RedisStore, BringsSlotsToSeveralThreads) {
  RedisServer redis(true);
  Process process(redis.port());
  ASSERT_TRUE(becomes_true([&] { return process.standing() == SharedBudget::Standing::kSharing; }));
  std::atomic<int> taken{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      while (!stop) {
        process.budget->set_demand(100, 1 + i);
        if (process.budget->take_slot(monotonic_now())) ++taken;
        process.budget->expected_slot(monotonic_now(), 3);
        if (i == 0 && taken == 100)
          process.budget->reject(monotonic_now(), monotonic_now() + milliseconds(5));
        process.limits->state();
        std::this_thread::sleep_for(milliseconds(1));
      }
    });
  }
  EXPECT_TRUE(becomes_true([&] { return taken >= 300; }));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(process.woken, 0);
  EXPECT_EQ(process.limits->state().detail, "ok");
}

TEST(RedisStore, GivesItsSeatBackWhenItEnds) {
  RedisServer redis(true);
  auto first = std::make_unique<Process>(redis.port());
  ASSERT_TRUE(becomes_true([&] { return first->standing() == SharedBudget::Standing::kSharing; }));
  Process second(redis.port());
  ASSERT_TRUE(becomes_true([&] { return second.standing() == SharedBudget::Standing::kNoSeat; }));
  const Nanos before = monotonic_now();
  first->limits->leave();
  first.reset();
  EXPECT_LT(monotonic_now() - before, seconds(1));
  EXPECT_TRUE(becomes_true([&] { return second.standing() == SharedBudget::Standing::kSharing; }));
  second.limits->leave();
  EXPECT_TRUE(becomes_true([&] { return redis.run({"HGET", "sluice:{api}:limit", "t0"}).text == "L"; }));
}

TEST(RedisStore, LeavesWithoutWaitingForALookup) {
  RateLimitStoreConfig config = config_for(1, 1);
  config.redis.host = kHangingHost;
  auto limits = std::move(*SharedLimits::make(config));
  const auto budget = limits->make_budget("api", {100, 10});
  limits->start();
  ASSERT_TRUE(becomes_true([] { return lookup_begun.load(); }));
  const Nanos before = monotonic_now();
  limits->leave();
  EXPECT_LT(monotonic_now() - before, seconds(1));
  lookup_may_end = true;
  limits.reset();
}

TEST(RedisStore, ComesBackAfterTheServerHasDroppedItAndTheScript) {
  RedisServer redis(true);
  Process process(redis.port());
  ASSERT_TRUE(becomes_true([&] { return process.standing() == SharedBudget::Standing::kSharing; }));
  redis.run({"SCRIPT", "FLUSH"});
  ASSERT_TRUE(becomes_true(
      [&] { return process.limits->state().detail.find("lost the script") != std::string::npos; }));
  ASSERT_TRUE(becomes_true([&] { return process.limits->state().detail == "ok"; }));
  redis.run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  ASSERT_TRUE(becomes_true([&] { return process.limits->state().detail != "ok"; }));
  ASSERT_TRUE(becomes_true([&] { return process.limits->state().detail == "ok"; }));
}

TEST(RedisStore, GoesOnAloneWithEveryApiWhenTheServerTakesNoWrites) {
  RedisServer redis(true);
  auto limits = std::move(*SharedLimits::make(config_for(redis.port(), 1)));
  const auto first = limits->make_budget("first", {100, 10});
  const auto second = limits->make_budget("second", {100, 10});
  limits->start();
  const auto all = [&limits](SharedBudget::Standing standing) {
    const SharedLimitsState state = limits->state();
    return state.apis[0].standing == standing && state.apis[1].standing == standing;
  };
  ASSERT_TRUE(becomes_true([&] { return all(SharedBudget::Standing::kSharing); }));
  redis.run({"REPLICAOF", "127.0.0.1", "1"});
  ASSERT_TRUE(becomes_true([&] { return all(SharedBudget::Standing::kAlone); }));
  EXPECT_NE(limits->state().detail.find("it is a read-only replica"), std::string::npos);
  redis.run({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(becomes_true([&] { return all(SharedBudget::Standing::kSharing); }));
  limits->leave();
  limits.reset();
}

// Greets one connection, refuses the first of two calls, and leaves the second without an answer.
class RefusingServer {
 public:
  RefusingServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    listen(listener_, 1);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RefusingServer() {
    thread_.join();
    close(listener_);
  }
  uint16_t port() const { return port_; }

 private:
  void serve() {
    const int peer = accept(listener_, nullptr, nullptr);
    say(peer, "$0\r\n\r\n$0\r\n\r\n$40\r\n" + std::string(40, 'd') + "\r\n");
    std::string heard;
    for (std::array<char, 4096> piece{};;) {
      const ssize_t size = recv(peer, piece.data(), piece.size(), 0);
      if (size <= 0) break;
      const bool was_called = calls(heard) >= 2;
      heard.append(piece.data(), static_cast<size_t>(size));
      if (calls(heard) >= 2 && !was_called) say(peer, "-READONLY no\r\n");
    }
    close(peer);
  }
  static size_t calls(const std::string& heard) {
    size_t count = 0;
    for (size_t at = heard.find("EVALSHA"); at != std::string::npos; at = heard.find("EVALSHA", at + 1))
      ++count;
    return count;
  }
  static void say(int peer, const std::string& text) { send(peer, text.data(), text.size(), MSG_NOSIGNAL); }

  int listener_;
  uint16_t port_ = 0;
  std::thread thread_;
};

// Calls once, as soon as it can, and asks to be woken when it is refused. Tells what it was told.
struct Caller final : StoreClient {
  explicit Caller(RedisStore& its_store) : store(its_store) {}
  void on_up(Nanos, bool) override { is_up = true; }
  void on_down(Nanos) override {
    is_up = false;
    told += "down ";
  }
  void on_reply(Nanos, const ReservationReply&) override { told += "reply "; }
  void on_refused(Nanos) override {
    told += "refused ";
    store.wake(*this);
  }
  Nanos on_time(Nanos) override {
    if (is_up) {
      told += "time ";
      if (!std::exchange(has_called, true)) store.call(*this, {});
    }
    return Nanos::max();
  }

  RedisStore& store;
  bool is_up = false;
  bool has_called = false;
  std::string told;
};

TEST(RedisStore, AsksNobodyAfterARefusalBeforeTheConnectionIsLost) {
  RefusingServer server;
  auto store = std::move(*RedisStore::make(config_for(server.port(), 1)));
  Caller first(*store);
  Caller second(*store);
  store->add(first, "first");
  store->add(second, "second");
  store->start();
  EXPECT_TRUE(becomes_true([&] { return store->trouble().find("does not answer") != std::string::npos; }));
  store.reset();
  EXPECT_EQ(first.told, "time refused down ");
  EXPECT_EQ(second.told, "time down ");
}

TEST(RedisStore, EndsWithoutAServer) {
  Process process(1);
  ASSERT_TRUE(becomes_true(
      [&] { return process.limits->state().detail.find("cannot connect") != std::string::npos; }));
  EXPECT_EQ(process.standing(), SharedBudget::Standing::kNeverReached);
  EXPECT_FALSE(process.limits->state().ready);
  process.limits->leave();
}

}  // namespace
}  // namespace sluice
