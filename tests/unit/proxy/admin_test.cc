#include "proxy/admin/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using testing::HasSubstr;

std::string header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return value;
  }
  return "";
}

class AdminTest : public testing::Test {
 protected:
  HttpResponse ask(std::string method, std::string path, std::string host = "127.0.0.1:9901") {
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    if (!host.empty()) request.headers = {{"Host", std::move(host)}};
    HttpResponse answer;
    answer_admin(request, config, sources, [&answer](HttpResponse given) { answer = std::move(given); });
    return answer;
  }

  std::unique_ptr<Metrics> metrics = std::make_unique<Metrics>();
  std::vector<PartState> parts{{"policy", true, "ok"}, {"audit", true, "ok"}};
  AdminConfig config;
  AdminSources sources{[this] { return parts; }, [] { return std::string("{\"version\":1}"); },
                       metrics.get()};
};

TEST_F(AdminTest, IsHealthyWhileItServes) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  parts[0].ready = false;
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(AdminTest, IsReadyWhenEveryPartIs) {
  const HttpResponse response = ask("GET", "/readyz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header_of(response, "Content-Type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(response.body)["ready"], true);
}

TEST_F(AdminTest, NamesThePartThatIsNotReady) {
  parts[1] = {"audit", false, "cannot write \"/spool\xff\": disk full"};
  parts.push_back({"webhook:siem", true, "3 events behind"});
  const HttpResponse response = ask("GET", "/readyz");
  EXPECT_EQ(response.status, 503);
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_EQ(json["ready"], false);
  EXPECT_EQ(json["parts"][1]["name"], "audit");
  EXPECT_EQ(json["parts"][1]["ready"], false);
  EXPECT_THAT(json["parts"][1]["detail"].get<std::string>(), HasSubstr("disk full"));
  EXPECT_EQ(json["parts"][2]["ready"], true);
  EXPECT_EQ(json["parts"][2]["detail"], "3 events behind");
}

TEST_F(AdminTest, ShowsTheMetrics) {
  metrics->add_tally(std::make_shared<TallyNames>())->shadow_decision("office-hours");
  const HttpResponse response = ask("GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header_of(response, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("sluice_shadow_decisions_total{rule=\"office-hours\"} 1\n"));
}

TEST_F(AdminTest, ShowsTheStatus) {
  const HttpResponse response = ask("GET", "/status");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header_of(response, "Content-Type"), "application/json");
  EXPECT_EQ(response.body, "{\"version\":1}");
}

TEST_F(AdminTest, AnswersHeadAsGet) {
  parts[0].ready = false;
  EXPECT_EQ(ask("HEAD", "/readyz").status, 503);
  EXPECT_EQ(ask("HEAD", "/readyz").headers, ask("GET", "/readyz").headers);
}

TEST_F(AdminTest, KnowsNoOtherPages) {
  for (const char* path : {"/", "", "/healthz/", "/HEALTHZ", "/readyz/../status", "/%68ealthz", "*",
                           "//metrics", "http://127.0.0.1/metrics"}) {
    const HttpResponse response = ask("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(header_of(response, "Content-Type"), "application/problem+json");
    EXPECT_EQ(nlohmann::json::parse(response.body)["status"], 404);
  }
}

TEST_F(AdminTest, AllowsGetAndHeadOnly) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", ""}) {
    const HttpResponse response = ask(method, "/metrics");
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(header_of(response, "Allow"), "GET, HEAD");
    EXPECT_EQ(header_of(response, "Content-Type"), "application/problem+json");
  }
  EXPECT_EQ(ask("POST", "/nowhere").status, 404);
}

TEST_F(AdminTest, RefusesAForeignHostOnEveryPage) {
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/status", "/nowhere"}) {
    EXPECT_EQ(ask("GET", path, "attacker.example:9901").status, 403) << path;
    EXPECT_EQ(ask("GET", path, "").status, 403) << path;
  }
}

TEST_F(AdminTest, ForbidsCachingAndGuessingOnEveryAnswer) {
  const std::vector<HttpResponse> responses{ask("GET", "/healthz"),
                                            ask("GET", "/readyz"),
                                            ask("GET", "/metrics"),
                                            ask("GET", "/status"),
                                            ask("GET", "/nowhere"),
                                            ask("POST", "/status"),
                                            ask("GET", "/status", "attacker.example")};
  for (const HttpResponse& response : responses) {
    EXPECT_EQ(header_of(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header_of(response, "Cache-Control"), "no-store");
  }
}

TEST(AdminHost, AllowsIpAddresses) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9901", "127.0.0.1:", "10.1.2.3:80", "[::1]", "[::1]:9901",
                           "[::1]:", "[2001:DB8::1]:9901", "[::ffff:10.0.0.1]"}) {
    EXPECT_TRUE(admin_host_allowed(host, {})) << host;
  }
}

TEST(AdminHost, AllowsLocalhostInAnyCase) {
  for (const char* host : {"localhost", "LocalHost:9901", "localhost.", "localhost.:9901"}) {
    EXPECT_TRUE(admin_host_allowed(host, {})) << host;
  }
}

TEST(AdminHost, AllowsTheConfiguredNames) {
  const std::vector<std::string> hosts{"Gate.example", "admin.internal."};
  for (const char* host :
       {"gate.example", "GATE.EXAMPLE:9901", "gate.example.", "admin.internal", "admin.internal.:1"}) {
    EXPECT_TRUE(admin_host_allowed(host, hosts)) << host;
  }
}

TEST(AdminHost, RefusesEverythingElse) {
  const std::vector<std::string> hosts{"gate.example"};
  for (const char* host : {"",
                           ".",
                           ":",
                           ":9901",
                           "attacker.example",
                           "localhost.attacker.example",
                           "xlocalhost",
                           "localhost..",
                           ".localhost",
                           "gate.example.attacker.example",
                           "xgate.example",
                           "gate.example:9901:1",
                           "gate.example:99x",
                           "gate.example,localhost",
                           "127.0.0.1.attacker.example",
                           "127.1",
                           "0x7f000001",
                           "2130706433",
                           "127.0.0.1.",
                           "::1",
                           "[::1",
                           "::1]",
                           "[::1]x",
                           "[::1]9901",
                           "[127.0.0.1]",
                           "[localhost]",
                           "[]",
                           "[fe80::1%25eth0]",
                           "user@localhost",
                           "localhost/",
                           " localhost",
                           "localhost "}) {
    EXPECT_FALSE(admin_host_allowed(host, hosts)) << host;
  }
  EXPECT_FALSE(admin_host_allowed(std::string_view("localhost\0.attacker", 19), hosts));
  EXPECT_FALSE(admin_host_allowed(std::string_view("127.0.0.1\0", 10), hosts));
}

}  // namespace
}  // namespace sluice
