#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/cli/simulate/strict_bucket.h"
#include "proxy/cli/simulate/traffic.h"
#include "proxy/crypto.h"
#include "tests/unit/proxy/simulator_requests.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kList = "/v1/employees";

int status_of(Simulator& simulator, const HttpRequest& request, Nanos at = Nanos(0)) {
  return simulator.answer(request, {at, 0}).status;
}

json stats_of(Simulator& simulator) {
  return json::parse(simulator.answer(request_of("GET", std::string(kStatsPath)), {}).body);
}

TEST(StrictBucket, GivesTheBurstAndThenTheRate) {
  StrictBucket bucket(10, 10);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.try_take(1h));
  EXPECT_FALSE(bucket.try_take(1h));
  EXPECT_FALSE(bucket.try_take(1h + 99ms));
  EXPECT_TRUE(bucket.try_take(1h + 101ms));
  EXPECT_FALSE(bucket.try_take(1h + 102ms));
  int given = 0;
  for (int i = 0; i < 100; ++i) given += bucket.try_take(2h) ? 1 : 0;
  EXPECT_EQ(given, 10);
}

TEST(VendorFront, Answers429BeyondItsLimitAndCountsIt) {
  const auto push = make_push_simulator({10, 3, {}, {}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of(*push, request_of("GET", kList)), 200);
  const HttpResponse refused = push->answer(request_of("GET", kList), {});
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"message":"Too Many Requests"})");
  EXPECT_EQ(status_of(*push, request_of("GET", kList), 150ms), 200);
  const json stats = stats_of(*push);
  EXPECT_EQ(stats["requests"], 5);
  EXPECT_EQ(stats["rejected_429"], 1);
  EXPECT_EQ(stats["statuses"], json({{"200", 4}, {"429", 1}}));
}

TEST(VendorFront, NeverRefusesAtRateZero) {
  const auto push = make_push_simulator({0, 1, {}, {}});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(status_of(*push, request_of("GET", kList)), 200);
}

TEST(VendorFront, InsistsOnThePushKey) {
  const auto push = make_push_simulator({0, 10, Secret("full-key"), {}});
  EXPECT_EQ(status_of(*push, request_of("GET", kList, "", {{"X-Api-Key", "full-key"}})), 200);
  for (const Headers& headers : {Headers{}, Headers{{"x-api-key", "full-kez"}}, Headers{{"x-api-key", ""}},
                                 Headers{{"Authorization", "full-key"}},
                                 Headers{{"x-api-key", "full-key"}, {"X-API-KEY", "full-key"}}}) {
    const HttpResponse refused = push->answer(request_of("GET", kList, "", headers), {});
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.body, R"({"message":"Missing Authentication Token"})");
  }
  EXPECT_EQ(stats_of(*push)["keys"], json({{"full", 1}, {"missing", 2}, {"wrong", 3}}));
}

TEST(VendorFront, LetsTheReadKeyReadAndNothingElse) {
  const auto push = make_push_simulator({0, 10, Secret("full-key"), Secret("read-key")});
  EXPECT_EQ(status_of(*push, request_of("GET", kList, "", {{"x-api-key", "read-key"}})), 200);
  const std::string body = R"({"group":"x"})";
  EXPECT_EQ(
      status_of(*push, request_of("POST", "/v1/employees/e1/groups", body, {{"x-api-key", "read-key"}})),
      403);
  EXPECT_EQ(
      status_of(*push, request_of("POST", "/v1/employees/e1/groups", body, {{"x-api-key", "full-key"}})),
      200);
  EXPECT_EQ(stats_of(*push)["writes"][0]["key"], "read");
}

TEST(VendorFront, InsistsOnTheSecurEnvoyKeyAsBearer) {
  const auto securenvoy = make_securenvoy_simulator({0, 10, Secret("k"), {}});
  const std::string users = "/api/user/restapi/users";
  EXPECT_EQ(status_of(*securenvoy, request_of("GET", users, "", {{"authorization", "Bearer k"}})), 200);
  for (const char* value : {"k", "bearer", "Bearer", "Bearer ", "Bearer kk", "Basic k"}) {
    EXPECT_EQ(status_of(*securenvoy, request_of("GET", users, "", {{"authorization", value}})), 401) << value;
  }
  EXPECT_EQ(status_of(*securenvoy, request_of("GET", "/nothing", "", {{"authorization", "Bearer k"}})), 404);
}

TEST(VendorFront, RefusalsForAKeyCostNoToken) {
  const auto push = make_push_simulator({1, 1, Secret("k"), {}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status_of(*push, request_of("GET", kList)), 403);
  EXPECT_EQ(status_of(*push, request_of("GET", kList, "", {{"x-api-key", "k"}})), 200);
}

TEST(VendorFront, ListsWritesWithoutTheirKeysOrBodies) {
  const auto push = make_push_simulator({0, 10, Secret("top-secret"), {}});
  const std::string body = R"({"group":"hush"})";
  push->answer(request_of("POST", "/v1/employees/e1/groups", body,
                          {{"x-api-key", "top-secret"}, {"Sluice-Request-Id", "r1"}}),
               {});
  push->answer(request_of("DELETE", "/v1/employees/e1/groups", body, {{"x-api-key", "wrong-secret"}}), {});
  const json writes = stats_of(*push)["writes"];
  EXPECT_EQ(writes[0], json({{"method", "POST"},
                             {"path", "/v1/employees/e1/groups"},
                             {"status", 200},
                             {"body_sha256", hex(sha256(body))},
                             {"sluice_request_id", "r1"},
                             {"key", "full"}}));
  EXPECT_TRUE(writes[1]["sluice_request_id"].is_null());
  EXPECT_EQ(writes[1]["status"], 403);
  EXPECT_THAT(stats_of(*push).dump(), Not(HasSubstr("secret")));
  EXPECT_THAT(writes.dump(), Not(HasSubstr("hush")));
}

TEST(Traffic, KeepsTheLastHundredThousandWrites) {
  Traffic traffic;
  for (int i = 0; i < 100'005; ++i) traffic.record(request_of("POST", "/" + std::to_string(i)), 403, "any");
  const Json stats = traffic.to_json();
  EXPECT_EQ(stats["requests"], 100'005);
  EXPECT_EQ(stats["writes"].size(), 100'000U);
  EXPECT_EQ(stats["writes"][0]["path"], "/5");
}

TEST(VendorFront, StatsNeedNoKeyAndAreNotCounted) {
  const auto push = make_push_simulator({1, 1, Secret("k"), {}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stats_of(*push)["requests"], 0);
}

}  // namespace
}  // namespace sluice
