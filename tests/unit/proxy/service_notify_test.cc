#include "proxy/service/service_notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace sluice {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

// A service manager's end.
class ServiceNotifyTest : public testing::Test {
 protected:
  ServiceNotifyTest() {
    std::string pattern = testing::TempDir() + "notify.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/socket";
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path_.copy(name.sun_path, sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  ~ServiceNotifyTest() override {
    ::close(socket_);
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }
  std::string told() const {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
    return size > 0 ? std::string(buffer.data(), static_cast<size_t>(size)) : "";
  }

  std::string folder_, path_;
  int socket_ = -1;
};

TEST_F(ServiceNotifyTest, SpeaksAsSdNotifyDoes) {
  ServiceNotify notify(path_);
  notify.ready("Serving push");
  EXPECT_EQ(told(), "READY=1\nSTATUS=Serving push");
  notify.reloading("Reloading");
  EXPECT_THAT(told(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+\nSTATUS=Reloading"));
  notify.stopping("Draining");
  EXPECT_EQ(told(), "STOPPING=1\nSTATUS=Draining");
  notify.extend(Millis(1'500));
  EXPECT_EQ(told(), "EXTEND_TIMEOUT_USEC=1500000");
  notify.alive();
  EXPECT_EQ(told(), "WATCHDOG=1");
}

TEST_F(ServiceNotifyTest, KeepsAStatusOnOneLine) {
  ServiceNotify notify(path_);
  notify.ready("a\nMAINPID=1\x1b[31m" + std::string(1'000, 'x'));
  const std::string text = told();
  EXPECT_THAT(text, StartsWith("READY=1\nSTATUS=a\\x0aMAINPID=1\\x1b[31mxxx"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_LT(text.size(), 600U);
}

TEST_F(ServiceNotifyTest, SaysNothingWithoutASocketThatCanBe) {
  for (const std::string& name : {std::string(), std::string("@"), std::string("/"), std::string("socket"),
                                  "/" + std::string(200, 'x')}) {
    ServiceNotify notify(name);
    notify.ready("");
  }
  EXPECT_EQ(told(), "");
}

TEST(Watchdog, IsAskedForByTheEnvironment) {
  const auto with = [](const char* microseconds, const std::string& pid) {
    setenv("WATCHDOG_USEC", microseconds, 1);
    pid.empty() ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", pid.c_str(), 1);
    const auto interval = watchdog_of_environment();
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return interval;
  };
  EXPECT_EQ(with("30000000", ""), Millis(30'000));
  EXPECT_EQ(with("30000000", std::to_string(::getpid())), Millis(30'000));
  EXPECT_EQ(with("30000000", "1"), std::nullopt);
  EXPECT_EQ(with("30000000", "x"), std::nullopt);
  for (const char* wrong : {"", "0", "-1", "1s", "99999999999999999999"})
    EXPECT_EQ(with(wrong, ""), std::nullopt);
  EXPECT_EQ(watchdog_of_environment(), std::nullopt);
}

}  // namespace
}  // namespace sluice
