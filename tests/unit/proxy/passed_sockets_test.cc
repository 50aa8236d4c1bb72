#include "proxy/net/passed_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/address.h"

namespace sluice {
namespace {

using testing::HasSubstr;

// Listening sockets at descriptors in a row, as they are passed.
class PassedSocketsTest : public testing::Test {
 protected:
  static constexpr int kFirst = 200;
  ~PassedSocketsTest() override {
    for (int i = 0; i < count_; ++i) ::close(kFirst + i);
  }
  void add(int descriptor) {
    ::dup2(descriptor, kFirst + count_++);
    ::close(descriptor);
  }
  // On a port of the system's choice; returns its address.
  Address add_tcp(int family = AF_INET, bool listens = true) {
    const int made = ::socket(family, SOCK_STREAM, 0);
    sockaddr_storage name{};
    name.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET)
      reinterpret_cast<sockaddr_in*>(&name)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
      reinterpret_cast<sockaddr_in6*>(&name)->sin6_addr = in6addr_loopback;
    socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    EXPECT_EQ(::bind(made, reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(listens ? ::listen(made, 8) : 0, 0);
    EXPECT_EQ(::getsockname(made, reinterpret_cast<sockaddr*>(&name), &size), 0);
    const uint16_t port = ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in*>(&name)->sin_port
                                                  : reinterpret_cast<sockaddr_in6*>(&name)->sin6_port);
    add(made);
    return {family == AF_INET ? "127.0.0.1" : "::1", port, "", {}};
  }
  void add_abstract(const std::string& text) {
    const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    EXPECT_EQ(::bind(made, reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(::listen(made, 8), 0);
    add(made);
  }
  PassedSockets taken(std::string_view names = "") const {
    auto sockets = PassedSockets::of(kFirst, count_, names);
    EXPECT_TRUE(sockets) << sockets.error().message;
    return *std::move(sockets);
  }
  static std::string refusal(int first, int count, std::string_view names) {
    const auto sockets = PassedSockets::of(first, count, names);
    return sockets ? "" : sockets.error().message;
  }
  static Config config_of(const std::string& listen) {
    Config config;
    config.file = "sluice.yaml";
    config.listen.push_back({*parse_address(listen), std::nullopt, false});
    return config;
  }
  static std::string claimed(const PassedSockets& sockets, Config& config) {
    Findings findings;
    sockets.claim(config, findings);
    return findings.all().empty() ? "" : findings.all().front().rule;
  }

  int count_ = 0;
};

TEST_F(PassedSocketsTest, AreKnownByTheirAddresses) {
  const Address v4 = add_tcp(), v6 = add_tcp(AF_INET6);
  const PassedSockets sockets = taken();
  for (const Address& address : {v4, v6}) {
    Result<int> own = sockets.duplicate(address);
    ASSERT_TRUE(own);
    EXPECT_GE(*own, 0);
    EXPECT_NE(::fcntl(*own, F_GETFD) & FD_CLOEXEC, 0);
    ::close(*own);
  }
  Address other = v4;
  ++other.port;
  EXPECT_EQ(*sockets.duplicate(other), -1);
  EXPECT_EQ(*sockets.duplicate({"0.0.0.0", v4.port, "", {}}), -1);
  EXPECT_EQ(*sockets.duplicate({"", 0, "/run/sluice.sock", {}}), -1);
}

TEST_F(PassedSocketsTest, GiveTheirAddressToAName) {
  const Address address = add_tcp();
  Config config = config_of("systemd:data");
  config.listen[0].address.at = {"sluice.yaml", 4, 7};
  EXPECT_EQ(claimed(taken("data"), config), "");
  EXPECT_EQ(config.listen[0].address, address);
  EXPECT_EQ(config.listen[0].address.at.line, 4);
}

TEST_F(PassedSocketsTest, MayHaveAnAbstractName) {
  add_abstract("sluice-unit-" + std::to_string(::getpid()));
  Config config = config_of("systemd:data");
  EXPECT_EQ(claimed(taken("data"), config), "");
  EXPECT_EQ(config.listen[0].address.unix_path, "@sluice-unit-" + std::to_string(::getpid()));
}

TEST_F(PassedSocketsTest, GiveTheAddressToTheBlockOfTheConnectListenerToo) {
  const Address address = add_tcp();
  Config config = config_of("systemd:connect");
  config.listen[0].connects = true;
  config.connect.emplace().address = config.listen[0].address;
  EXPECT_EQ(claimed(taken("connect"), config), "");
  EXPECT_EQ(config.connect->address, address);
}

TEST_F(PassedSocketsTest, HaveToBeWantedOnce) {
  const Address address = add_tcp();
  Config unwanted = config_of("127.0.0.1:0");
  EXPECT_EQ(claimed(taken(), unwanted), "unclaimed-socket");
  Config twice = config_of(to_text(address));
  twice.admin.address = address;
  EXPECT_EQ(claimed(taken(), twice), "duplicate-address");
}

TEST_F(PassedSocketsTest, HaveNamesThatAreOneSockets) {
  add_tcp();
  add_tcp();
  Config config = config_of("systemd:data");
  EXPECT_EQ(claimed(taken("data:data"), config), "ambiguous-socket");
  EXPECT_EQ(claimed(taken("a:b"), config), "unknown-socket");
  EXPECT_EQ(claimed(PassedSockets(), config), "unknown-socket");
}

TEST_F(PassedSocketsTest, ListenAndStream) {
  const auto last = [this] { return refusal(kFirst + count_ - 1, 1, "x"); };
  add_tcp(AF_INET, false);
  EXPECT_THAT(last(), HasSubstr("not listening: its .socket unit wants Accept=no"));
  add(::socket(AF_INET, SOCK_DGRAM, 0));
  EXPECT_THAT(last(), HasSubstr("no stream socket: ListenStream= in its .socket unit makes one"));
  add(::open("/dev/null", O_RDONLY));
  EXPECT_THAT(last(), HasSubstr("no stream socket"));
  EXPECT_THAT(refusal(kFirst + count_, 1, ""), HasSubstr("which is not open"));
}

TEST_F(PassedSocketsTest, AreEachOfAnotherAddress) {
  add_tcp();
  add(::dup(kFirst));
  EXPECT_THAT(refusal(kFirst, 2, ""), HasSubstr("the second one of 127.0.0.1:"));
}

}  // namespace
}  // namespace sluice
