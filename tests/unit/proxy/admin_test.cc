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
  HttpResponse ask(std::string method, std::string path, std::string host = "127.0.0.1:9901",
                   std::vector<std::pair<std::string, std::string>> more = {}, std::string query = "") {
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers = std::move(more);
    if (!host.empty()) request.headers.emplace_back("Host", std::move(host));
    HttpResponse answer;
    answer_admin(request, admin, [&answer](HttpResponse given) { answer = std::move(given); });
    return answer;
  }

  std::unique_ptr<Metrics> metrics = std::make_unique<Metrics>();
  std::vector<PartState> parts{{"policy", true, "ok"}, {"audit", true, "ok"}};
  AdminConfig config;
  LatestDenials denials{0};
  History history;
  AdminSources sources{[this] { return parts; },
                       [](const StatusForm&) { return std::string("{\"version\":1}"); }, metrics.get(),
                       &denials, &history};
  EventStreams streams{[] { return std::string("{}"); }, denials};
  AdminParts admin{config, sources, streams, [] { return Millis(0); }};
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
  for (const char* path :
       {"", "/healthz/", "/HEALTHZ", "/readyz/../status", "/%68ealthz", "*", "//metrics", "/index.html", "//",
        "/dashboard.css/", "/dashboard/dashboard.css", "http://127.0.0.1/metrics"}) {
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
  for (const char* path : {"/", "/dashboard.js", "/healthz", "/readyz", "/metrics", "/status", "/history",
                           "/events", "/nowhere"}) {
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

TEST_F(AdminTest, ServesThePageToBrowsersThatLoadFromHereOnly) {
  for (const auto& [path, type] : std::vector<std::pair<std::string, std::string>>{
           {"/", "text/html; charset=utf-8"},
           {"/dashboard.css", "text/css; charset=utf-8"},
           {"/dashboard.js", "text/javascript; charset=utf-8"}}) {
    const HttpResponse response = ask("GET", path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_FALSE(response.body.empty());
    EXPECT_EQ(header_of(response, "Content-Type"), type);
    EXPECT_EQ(header_of(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header_of(response, "Cache-Control"), "no-cache");
    EXPECT_EQ(header_of(response, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header_of(response, "Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_EQ(header_of(response, "Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_EQ(header_of(response, "Content-Security-Policy"),
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    EXPECT_EQ(ask("POST", path).status, 405);
  }
}

TEST_F(AdminTest, SendsNoFileThatTheBrowserHas) {
  const std::string tag = header_of(ask("GET", "/"), "ETag");
  EXPECT_EQ(tag.size(), 34u) << tag;
  EXPECT_NE(tag, header_of(ask("GET", "/dashboard.js"), "ETag"));
  for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const HttpResponse response = ask("GET", "/", "localhost", {{"If-None-Match", known}});
    EXPECT_EQ(response.status, 304) << known;
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(header_of(response, "ETag"), tag);
  }
  EXPECT_EQ(ask("GET", "/", "localhost", {{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(AdminTest, ShowsTheHistorySinceATime) {
  history.add(1'700'000'000'000, {});
  history.add(1'700'000'010'000, {});
  const auto counted = [this](const std::string& query) {
    const HttpResponse response = ask("GET", "/history", "localhost", {}, query);
    EXPECT_EQ(header_of(response, "Content-Type"), "application/json");
    return nlohmann::json::parse(response.body)["count"].get<int>();
  };
  EXPECT_EQ(counted(""), 2);
  EXPECT_EQ(counted("since=2023-11-14T22:13:20.000Z"), 1);
  EXPECT_EQ(counted("since=2023-11-14T22%3A13%3A20%2B00:00"), 1);
  EXPECT_EQ(counted("since=2023-11-14T22:13:30Z"), 0);
  EXPECT_EQ(counted("since=2030-01-01T00:00:00Z"), 0);
  EXPECT_EQ(counted("since=1930-01-01T00:00:00Z"), 2);
  for (const char* query :
       {"since=", "since=yesterday", "since=%", "since=%zz", "from=2023-11-14T22:13:30Z", "x"})
    EXPECT_EQ(ask("GET", "/history", "localhost", {}, query).status, 400) << query;
}

TEST_F(AdminTest, OpensAnEventStream) {
  const HttpResponse response = ask("GET", "/events");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header_of(response, "Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(header_of(response, "Cache-Control"), "no-store");
  EXPECT_TRUE(response.goes_on);
  EXPECT_EQ(ask("POST", "/events").status, 405);
}

TEST_F(AdminTest, OpensNoEventStreamForAPageOfAnotherOrigin) {
  EXPECT_EQ(ask("GET", "/events", "localhost:9901", {{"Origin", "https://attacker.example"}}).status, 403);
  EXPECT_EQ(ask("GET", "/events", "localhost:9901", {{"Origin", "http://localhost:9901"}}).status, 200);
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
