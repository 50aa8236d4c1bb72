#include "proxy/service/service_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace sluice {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class ServiceLinkTest : public testing::Test {
 protected:
  ServiceLinkTest() {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    name_.copy(name.sun_path + 1, sizeof name.sun_path - 1, 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&name), size), 0);
  }
  ~ServiceLinkTest() override { ::close(socket_); }

  // The first line of each message since the last time.
  std::vector<std::string> told() const {
    std::vector<std::string> lines;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0; (size = ::recv(socket_, buffer.data(), buffer.size(), 0)) > 0;) {
      const std::string text(buffer.data(), static_cast<size_t>(size));
      lines.push_back(text.substr(0, text.find('\n')));
    }
    return lines;
  }
  // Turns the loop until something is told.
  void wait_until_fed() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::vector<std::string> lines;
    while ((lines = told()).empty() && std::chrono::steady_clock::now() < end) {
      loop_.turn();
      ::usleep(1'000);
    }
    EXPECT_THAT(lines, Contains("WATCHDOG=1"));
  }

  const std::string name_ = "@sluice-link-" + std::to_string(::getpid());
  int socket_ = -1;
  EventLoop loop_, worker_;
  std::atomic<bool> ended_{false};
};

TEST_F(ServiceLinkTest, TellsOfNothingButItsEndOnceItDrains) {
  ServiceLink link(loop_, name_, std::nullopt);
  link.serving("", {{&worker_, &ended_}});
  link.reloading("");
  link.reloaded("");
  EXPECT_THAT(told(), ElementsAre("READY=1", "RELOADING=1", "READY=1"));
  link.draining("", Millis(30'000));
  link.reloading("");
  link.reloaded("");
  EXPECT_THAT(told(), ElementsAre("STOPPING=1", "EXTEND_TIMEOUT_USEC=15000000"));
  link.ending(Millis(1'000));
  EXPECT_THAT(told(), ElementsAre("EXTEND_TIMEOUT_USEC=1000000"));
}

TEST_F(ServiceLinkTest, ExtendsNothingThatIsOver) {
  ServiceLink link(loop_, name_, std::nullopt);
  link.draining("", Millis(0));
  EXPECT_THAT(told(), ElementsAre("STOPPING=1"));
}

TEST_F(ServiceLinkTest, FeedsTheWatchdogAsLongAsTheWorkersLoopTurns) {
  ServiceLink link(loop_, name_, Millis(40));
  link.serving("", {{&worker_, &ended_}});
  EXPECT_THAT(told(), ElementsAre("READY=1", "WATCHDOG=1"));
  worker_.turn();
  wait_until_fed();
  // It has not come to what was posted then.
  for (int i = 0; i < 200; ++i) {
    loop_.turn();
    ::usleep(1'000);
  }
  EXPECT_THAT(told(), Not(Contains("WATCHDOG=1")));
  worker_.turn();
  wait_until_fed();
  ended_ = true;
  wait_until_fed();
  wait_until_fed();
  link.ending(Millis(0));
}

}  // namespace
}  // namespace sluice
