#include "proxy/gate/connect_target.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

// "host port", or "" for one that is refused.
std::string parsed(std::string_view target) {
  const Result<ConnectTarget> made = parse_connect_target(target);
  return made ? made->host + " " + std::to_string(made->port) : "";
}

TEST(ConnectTarget, IsAHostAndAPort) {
  EXPECT_EQ(parsed("api.pushsecurity.com:443"), "api.pushsecurity.com 443");
  EXPECT_EQ(parsed("10.0.0.1:1"), "10.0.0.1 1");
  EXPECT_EQ(parsed("[::1]:65535"), "::1 65535");
}

TEST(ConnectTarget, HasOneSpellingForEachHost) {
  EXPECT_EQ(parsed("API.PushSecurity.COM:443"), "api.pushsecurity.com 443");
  EXPECT_EQ(parsed("api.pushsecurity.com.:443"), "api.pushsecurity.com 443");
  EXPECT_EQ(parsed("[0:0:0::0001]:443"), "::1 443");
  EXPECT_EQ(parsed("[::FFFF:127.0.0.1]:443"), "127.0.0.1 443");
}

TEST(ConnectTarget, IsRefusedInEveryOtherForm) {
  for (const std::string_view target : {"",
                                        ":",
                                        "a",
                                        "a:",
                                        ":443",
                                        "a:0",
                                        "a:00443",
                                        "a:0443",
                                        "a:65536",
                                        "a:+443",
                                        "a:-1",
                                        "a: 443",
                                        "a:443 ",
                                        "a:443:443",
                                        "::1:443",
                                        "[::1]",
                                        "[::1]443",
                                        "[::1",
                                        "[]:443",
                                        "[127.0.0.1]:443",
                                        "[a]:443",
                                        "[fe80::1%eth0]:443",
                                        ".:443",
                                        ".a:443",
                                        "a..:443",
                                        "a@b:443",
                                        "a:b@c:443",
                                        "https://a:443",
                                        "https://a:443/",
                                        "/",
                                        "*",
                                        "a:443/",
                                        "a:443?",
                                        "a:443#",
                                        "a%00:443",
                                        "a%2eb:443",
                                        "a,b:443",
                                        "a\\b:443",
                                        "a\x80:443"}) {
    EXPECT_EQ(parsed(target), "") << target;
  }
  EXPECT_EQ(parsed(std::string(254, 'a') + ":443"), "");
}

TEST(ConnectTarget, ErrorsQuoteNothing) {
  const Result<ConnectTarget> made = parse_connect_target("user:secret-of-the-test@a:443");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message.find("secret-of-the-test"), std::string::npos);
}

TEST(NamesPlace, WithThePortOrWithoutAny) {
  EXPECT_TRUE(names_place("a.test", "a.test", 443));
  EXPECT_TRUE(names_place("A.Test.:443", "a.test", 443));
  EXPECT_TRUE(names_place("[0::1]:8443", "::1", 8443));
  EXPECT_TRUE(names_place("[::1]", "::1", 8443));
  EXPECT_FALSE(names_place("a.test:80", "a.test", 443));
  EXPECT_FALSE(names_place("a.test:", "a.test", 443));
  EXPECT_FALSE(names_place("b.test", "a.test", 443));
  EXPECT_FALSE(names_place("", "a.test", 443));
  EXPECT_FALSE(names_place("[::2]", "::1", 443));
}

TEST(FindPlace, WantsTheHostAndThePort) {
  const std::vector<ConnectHost> hosts = {{"a.test", 443, 0}, {"a.test", 8443, 1}, {"b.test", 443, 2}};
  EXPECT_EQ(find_place(hosts, "a.test", 8443)->api, 1U);
  EXPECT_EQ(find_place(hosts, "b.test", 443)->api, 2U);
  EXPECT_EQ(find_place(hosts, "b.test", 8443), nullptr);
  EXPECT_EQ(find_place(hosts, "c.test", 443), nullptr);
}

}  // namespace
}  // namespace sluice
