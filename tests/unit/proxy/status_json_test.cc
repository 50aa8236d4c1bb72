#include "proxy/gate/status_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using nlohmann::json;

constexpr const char* kBad = "</script>\xff\xc0\xaf\n";
constexpr const char* kGood = "</script>\ufffd\ufffd\ufffd\n";

GateStatus status_of_a_gate() {
  GateStatus status;
  status.parts = {{"policy", true, "ok"}, {"audit", true, "ok"}};
  ApiStatus api;
  api.name = "push";
  api.limit = {10, 20};
  api.capacity.per_second = 1.0 / 3;
  api.capacity.in_use = 1.0 / 30;
  api.capacity.figures.wait = Nanos(123'456'789);
  api.capacity.figures.oldest = Nanos(2'000'400'000);
  api.capacity.figures.waiting = 2;
  api.capacity.figures.rejections = 4;
  api.capacity.clients = {{"soar", 2, 1.0 / 3, 1}};
  api.capacity.busiest = "soar";
  status.apis.push_back(std::move(api));
  return status;
}

TEST(StatusJson, ShowsTheCapacity) {
  const json api = json::parse(status_json(status_of_a_gate(), {}))["apis"][0];
  EXPECT_EQ(
      api["limit"].dump(),
      R"({"burst":20.0,"held_seconds":0.0,"in_use":0.033,"per_second":0.333,"rate":10.0,"rejections":4})");
  EXPECT_EQ(api["wait_seconds"], 0.123);
  EXPECT_EQ(api["waiting"], 2);
  EXPECT_EQ(api["oldest_seconds"], 2.0);
  EXPECT_EQ(api["busiest"], "soar");
  EXPECT_EQ(api["clients"].dump(), R"([{"name":"soar","per_second":0.333,"share":1.0,"waiting":2}])");
}

TEST(StatusJson, SaysNullForAWaitThatNobodyKnowsAndForNobody) {
  GateStatus status = status_of_a_gate();
  status.apis[0].capacity.figures.wait = std::nullopt;
  status.apis[0].capacity.busiest.clear();
  const json api = json::parse(status_json(status, {}))["apis"][0];
  EXPECT_TRUE(api["wait_seconds"].is_null());
  EXPECT_TRUE(api["busiest"].is_null());
}

TEST(StatusJson, WritesTimesAsText) {
  GateStatus status = status_of_a_gate();
  EXPECT_TRUE(json::parse(status_json(status, {}))["audit"]["checkpoints"]["time"].is_null());
  status.reload.cause = "SIGHUP";
  status.reload.time = std::chrono::system_clock::time_point(Millis(1'795'865'977'000));
  status.audit.checkpoints.time_ms = 1'795'866'024'630;
  const json got = json::parse(status_json(status, {}));
  EXPECT_EQ(got["reload"]["time"], "2026-11-28T11:39:37.000Z");
  EXPECT_EQ(got["audit"]["checkpoints"]["time"], "2026-11-28T11:40:24.630Z");
}

TEST(StatusJson, IsReadyWhenEveryPartIs) {
  GateStatus status = status_of_a_gate();
  EXPECT_EQ(json::parse(status_json(status, {}))["ready"], true);
  status.parts[1].ready = false;
  const json got = json::parse(status_json(status, {}));
  EXPECT_EQ(got["ready"], false);
  EXPECT_EQ(got["parts"][1]["name"], "audit");
}

TEST(StatusJson, IsOneLineForEvents) {
  GateStatus status = status_of_a_gate();
  status.policy_file = kBad;
  const std::string line = status_json(status, {true, false, 3});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const json got = json::parse(line);
  EXPECT_FALSE(got.contains("latest_denials"));
  EXPECT_EQ(got["streams"], 3);
  EXPECT_EQ(got["policy"]["file"], kGood);
}

TEST(StatusJson, ShowsTheLatestDenialsNewestFirst) {
  GateStatus status = status_of_a_gate();
  status.denials = {{1, R"({"id":1})"}, {2, R"({"id":2})"}};
  EXPECT_EQ(json::parse(status_json(status, {}))["latest_denials"].dump(), R"([{"id":2},{"id":1}])");
}

TEST(StatusJson, IsUtf8WhateverItsTextsAre) {
  GateStatus status = status_of_a_gate();
  status.instance = status.policy_file = kBad;
  status.parts[0].detail = kBad;
  status.shadow[kBad] = 1;
  status.apis[0].name = status.apis[0].upstream = kBad;
  status.apis[0].capacity.clients[0].name = status.apis[0].capacity.busiest = kBad;
  status.audit.trouble = kBad;
  status.audit.webhooks.resize(1);
  status.audit.webhooks[0].name = status.audit.webhooks[0].last_error = kBad;
  status.reload.cause = kBad;
  const json got = json::parse(status_json(status, {}));
  EXPECT_EQ(got["instance"], kGood);
  EXPECT_EQ(got["parts"][0]["detail"], kGood);
  EXPECT_EQ(got["shadow"][kGood], 1);
  EXPECT_EQ(got["apis"][0]["clients"][0]["name"], kGood);
  EXPECT_EQ(got["apis"][0]["busiest"], kGood);
  EXPECT_EQ(got["audit"]["webhooks"][0]["last_error"], kGood);
}

}  // namespace
}  // namespace sluice
