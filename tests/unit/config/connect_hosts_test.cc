#include "config/connect_hosts.h"

#include <gmock/gmock.h>

#include "config/address.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

ApiConfig api(const std::string& upstream, std::vector<std::string> hosts = {},
              const std::string& server_name = "") {
  ApiConfig made;
  made.upstream = *parse_url(upstream);
  made.hosts = std::move(hosts);
  made.upstream_tls.server_name = server_name;
  return made;
}

// "host:port=api", with "/" behind it when paths begin with the upstream's own.
std::vector<std::string> texts(const std::vector<ConnectHost>& hosts) {
  std::vector<std::string> all;
  for (const ConnectHost& host : hosts) {
    all.push_back(host.host + ":" + std::to_string(host.port) + "=" + std::to_string(host.api) +
                  (host.has_base_path ? "/" : ""));
  }
  return all;
}

TEST(ConnectHosts, AreTheVendorsOnTheirPort) {
  const ConnectHosts made =
      connect_hosts({api("https://api.pushsecurity.com"), api("https://acme.eu.securenvoy.directory")});
  EXPECT_THAT(texts(made.hosts),
              ElementsAre("api.pushsecurity.com:443=0/", "acme.eu.securenvoy.directory:443=1/"));
  EXPECT_THAT(made.ambiguous, IsEmpty());
}

TEST(ConnectHosts, AreReachedOnThePortOfHttpsAndOnTheUpstreamsOwn) {
  const ConnectHosts made =
      connect_hosts({api("https://127.0.0.1:9443", {"push.example"}, "API.pushsecurity.com")});
  EXPECT_THAT(texts(made.hosts),
              UnorderedElementsAre("push.example:443=0", "push.example:9443=0", "127.0.0.1:9443=0/",
                                   "127.0.0.1:443=0/", "api.pushsecurity.com:443=0/",
                                   "api.pushsecurity.com:9443=0/"));
}

TEST(ConnectHosts, MeanTheApiThatNamesThemBeforeTheOneThatIsAtThem) {
  const ConnectHosts made = connect_hosts(
      {api("https://api.pushsecurity.com"), api("https://api.pushsecurity.com", {"api.pushsecurity.com"})});
  EXPECT_THAT(texts(made.hosts), ElementsAre("api.pushsecurity.com:443=1"));
  EXPECT_THAT(made.ambiguous, IsEmpty());
}

TEST(ConnectHosts, ThatWouldMeanTwoApisMeanNone) {
  const ConnectHosts made =
      connect_hosts({api("https://v.test"), api("https://v.test/b"), api("https://v.test/c")});
  EXPECT_THAT(made.hosts, IsEmpty());
  EXPECT_THAT(texts(made.ambiguous), ElementsAre("v.test:443=1/"));
}

TEST(ConnectHosts, LetTwoApisOnOneMachineHaveTheirOwnPorts) {
  const ConnectHosts made = connect_hosts({api("https://127.0.0.1:9001"), api("https://127.0.0.1:9002")});
  EXPECT_THAT(texts(made.hosts), ElementsAre("127.0.0.1:9001=0/", "127.0.0.1:9002=1/"));
  EXPECT_THAT(made.ambiguous, IsEmpty());
}

TEST(ConnectHosts, OfIpv6HaveNoBrackets) {
  EXPECT_THAT(texts(connect_hosts({api("https://[0:0::1]")}).hosts), ElementsAre("::1:443=0/"));
}

}  // namespace
}  // namespace sluice
