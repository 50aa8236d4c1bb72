#include "config/address.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Address, ReadsEveryForm) {
  EXPECT_EQ(parse_address("127.0.0.1:8080")->host, "127.0.0.1");
  EXPECT_EQ(parse_address("127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(parse_address("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_address("Localhost:65535")->host, "localhost");
  EXPECT_EQ(parse_address("unix:/run/sluice.sock")->unix_path, "/run/sluice.sock");
  EXPECT_EQ(parse_address("[0:0::1]:80")->host, "::1");
  EXPECT_EQ(parse_address("systemd:sluice.socket")->passed_name, "sluice.socket");
}

TEST(Address, PrintsWhatItReads) {
  for (const char* text :
       {"127.0.0.1:8080", "[::1]:8080", "unix:/run/sluice.sock", "localhost:1", "systemd:data"}) {
    EXPECT_EQ(to_text(*parse_address(text)), text);
  }
}

TEST(Address, RefusesWhatCannotBeListenedOn) {
  for (const std::string& text : {std::string(),
                                  std::string(":80"),
                                  std::string("80"),
                                  std::string("host"),
                                  std::string("host:"),
                                  std::string("host:65536"),
                                  std::string("host:-1"),
                                  std::string("host:+1"),
                                  std::string("host:8 0"),
                                  std::string("host:000080"),
                                  std::string("::1:80"),
                                  std::string("[::1]"),
                                  std::string("[::1]80"),
                                  std::string("[::1:80"),
                                  std::string("[host]:80"),
                                  std::string("unix:"),
                                  "unix:" + std::string(108, 'a'),
                                  std::string("systemd:"),
                                  std::string("systemd:a:b"),
                                  std::string("systemd:a\nb"),
                                  "systemd:" + std::string(256, 'a'),
                                  std::string("127.1:80"),
                                  std::string("a b:80"),
                                  std::string("http://host:80")}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
  EXPECT_TRUE(parse_address("unix:" + std::string(107, 'a')));
}

TEST(Url, SplitsSchemeHostPortAndPath) {
  auto url = parse_url("HTTPS://API.Example:8443/a/b?c=d");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "api.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b?c=d");
  EXPECT_EQ(url->authority, "api.example:8443");
}

TEST(Url, LeavesTheSchemesOwnPortOutOfTheAuthority) {
  EXPECT_EQ(parse_url("https://a.example:443")->authority, "a.example");
  EXPECT_EQ(parse_url("http://a.example")->port, 80);
  EXPECT_EQ(parse_url("http://a.example:443")->authority, "a.example:443");
  EXPECT_EQ(parse_url("https://[::1]/")->authority, "[::1]");
  EXPECT_EQ(parse_url("https://[::1]:1/")->authority, "[::1]:1");
  EXPECT_EQ(parse_url("https://[::1]:1/")->host, "::1");
}

TEST(Url, RefusesWhatIsNoPlainHttpUrl) {
  for (const char* text : {"",
                           "a.example",
                           "//a.example",
                           "ftp://a.example",
                           "https:/a.example",
                           "https://",
                           "https:///x",
                           "https://:443",
                           "https://a.example:",
                           "https://a.example:0",
                           "https://a.example:65536",
                           "https://a.example:80:80",
                           "https://a b/",
                           "https://a.example/ x",
                           "https://a.example/\x01",
                           "https://a.example/\xc3\xa9",
                           "https://a.example\\@b.example",
                           "https://u@a.example",
                           "https://u:p@a.example",
                           "https://a.example#f",
                           "https://a.example/?q#f",
                           "https://-a.example",
                           "https://a..example",
                           "https://.a",
                           "https://a.",
                           "https://[::1",
                           "https://[::1]x",
                           "https://127.1",
                           "https://2130706433",
                           "https://0x7f000001",
                           "https://1.2.3.4.5",
                           "https://a.example/\"",
                           "https://a.example/{}"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(Url, NeverShowsAPasswordInAMessage) {
  EXPECT_EQ(parse_url("https://u:hunter2@a.example").error().message.find("hunter2"), std::string::npos);
}

TEST(Host, KnowsLoopback) {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"128.0.0.1", "10.0.0.1", "0.0.0.0", "::", "::2", "localhost.example",
                           "127.0.0.1.example", "", "mylocalhost"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Host, IsANameOrAnIPv4Address) {
  for (const std::string& host : {std::string("a"), std::string("a-b.c_d.example"), std::string("10.0.0.1"),
                                  std::string("1a.example"), std::string(63, 'a')}) {
    EXPECT_TRUE(is_host(host)) << host;
  }
  for (const std::string& host :
       {std::string(), std::string("a.1"), std::string("1"), std::string("a.0x1"), std::string("::1"),
        std::string("[::1]"), std::string("a:80"), std::string("*.a"), std::string(64, 'a'),
        std::string("a/b"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_host(host)) << host;
  }
  std::string longest;
  while (longest.size() < 260) longest += "abc.";
  EXPECT_FALSE(is_host(longest + "a"));
}

}  // namespace
}  // namespace sluice
