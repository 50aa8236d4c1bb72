#include "proxy/admin/history.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using nlohmann::json;

constexpr int64_t kStart = 1'764'324'000'000;  // 2025-11-28T10:00:00Z
constexpr int64_t kStep = History::kInterval.count();

class HistoryTest : public testing::Test {
 protected:
  void add() { history.add(kStart + kStep * next++, figures); }
  json read(std::optional<int64_t> since = {}) const { return json::parse(history.to_json(since)); }

  HistoryFigures figures{{{"push", 9.98, 0.998, 12, Nanos(Millis(100)), 3}}, {{"siem", 4, 1.5}}, {}};
  History history;
  int64_t next = 0;
};

TEST_F(HistoryTest, IsEmptyAtFirst) {
  EXPECT_EQ(history.to_json({}), R"({"interval_seconds":10,"from":null,"count":0,"apis":[],)"
                                 R"("requests":{"allow":[],"deny":[],"refuse":[],"failed":[]},"webhooks":[]})"
                                 "\n");
}

TEST_F(HistoryTest, HasAColumnForEachFigure) {
  figures.requests = {100, 5, 2, 1};
  add();
  figures.requests = {150, 5, 3, 1};
  figures.apis[0].rejections = 5;
  figures.apis[0].wait = std::nullopt;
  figures.webhooks[0].lag_seconds = 0.0004;
  add();
  EXPECT_EQ(history.to_json({}),
            R"({"interval_seconds":10,"from":"2025-11-28T10:00:00.000Z","count":2,"apis":[{"name":"push",)"
            R"("sent_per_second":[9.980,9.980],"in_use":[0.998,0.998],"waiting":[12,12],)"
            R"("wait_seconds":[0.100,null],"rejections":[3,2]}],"requests":{"allow":[100,50],"deny":[5,0],)"
            R"("refuse":[2,1],"failed":[1,0]},"webhooks":[{"name":"siem","backlog":[4,4],)"
            R"("lag_seconds":[1.500,0]}]})"
            "\n");
}

TEST_F(HistoryTest, KeepsADayAndNoMore) {
  for (int i = 0; i < 20'000; ++i) {
    figures.apis[0].waiting = static_cast<uint64_t>(i);
    figures.requests.allow += static_cast<uint64_t>(i);
    add();
  }
  EXPECT_EQ(history.size(), 8'640u);
  const json all = read();
  EXPECT_EQ(all["count"], 8'640);
  EXPECT_EQ(all["from"], "2025-11-29T17:33:20.000Z") << "11,360 samples are forgotten";
  const auto waiting = all["apis"][0]["waiting"].get<std::vector<int>>();
  const auto allowed = all["requests"]["allow"].get<std::vector<int>>();
  ASSERT_EQ(waiting.size(), 8'640u);
  for (size_t i = 0; i < waiting.size(); ++i) {
    ASSERT_EQ(waiting[i], static_cast<int>(11'360 + i));
    ASSERT_EQ(allowed[i], static_cast<int>(11'360 + i));
  }
}

TEST_F(HistoryTest, GivesOnlyWhatIsLater) {
  for (int i = 0; i < 100; ++i) add();
  EXPECT_EQ(read(kStart + kStep * 89)["count"], 10);
  EXPECT_EQ(read(kStart + kStep * 89)["from"], "2025-11-28T10:15:00.000Z");
  EXPECT_EQ(read(kStart + kStep * 90 - 1)["count"], 10);
  EXPECT_EQ(read(kStart + kStep * 99)["count"], 0);
  EXPECT_EQ(read(kStart + kStep * 1'000)["count"], 0);
  EXPECT_EQ(read(0)["count"], 100);
  EXPECT_EQ(read(INT64_MIN)["count"], 100);
  EXPECT_EQ(read(INT64_MAX)["count"], 0);
}

TEST_F(HistoryTest, HasNullBeforeWhatCameLaterAndAfterWhatHasGone) {
  add();
  figures.apis.push_back({"securenvoy", 1, 0.1, 0, Nanos(0), 0});
  figures.webhooks.clear();
  add();
  figures.apis.erase(figures.apis.begin());
  add();
  const json all = read();
  EXPECT_EQ(all["apis"][0]["name"], "push");
  for (const char* column : {"sent_per_second", "in_use", "waiting", "wait_seconds", "rejections"}) {
    const json push = all["apis"][0][column];
    const json securenvoy = all["apis"][1][column];
    ASSERT_EQ(push.size(), 3u) << column;
    EXPECT_EQ((std::vector{push[0].is_null(), push[1].is_null(), push[2].is_null()}),
              (std::vector{false, false, true}));
    EXPECT_EQ((std::vector{securenvoy[0].is_null(), securenvoy[1].is_null(), securenvoy[2].is_null()}),
              (std::vector{true, false, false}));
  }
  EXPECT_EQ(all["webhooks"][0]["backlog"], json({4, nullptr, nullptr}));
}

TEST_F(HistoryTest, ForgetsWhatHasBeenGoneForADay) {
  add();
  figures.apis[0].name = "securenvoy";
  figures.webhooks.clear();
  for (size_t i = 0; i < History::kMost - 1; ++i) add();
  EXPECT_EQ(history.series(), 3u);
  add();
  EXPECT_EQ(history.series(), 1u);
  EXPECT_EQ(read()["apis"][0]["name"], "securenvoy");
  EXPECT_EQ(read()["webhooks"], json::array());
}

TEST_F(HistoryTest, RemembersABoundedNumberOfWhatHasGone) {
  for (int i = 0; i < 1'000; ++i) {
    figures.apis[0].name = "api-" + std::to_string(i);
    figures.webhooks[0].name = "hook-" + std::to_string(i);
    add();
  }
  EXPECT_EQ(history.series(), 2 * (History::kMostGone + 1));
  EXPECT_EQ(read()["apis"][History::kMostGone]["name"], "api-999");
}

TEST_F(HistoryTest, HasNullForSamplesThatWereMissed) {
  add();
  next += 3;
  add();
  const json all = read();
  EXPECT_EQ(all["count"], 5);
  EXPECT_EQ(all["apis"][0]["waiting"], json({12, nullptr, nullptr, nullptr, 12}));
  EXPECT_EQ(all["requests"]["allow"], json({0, nullptr, nullptr, nullptr, 0}));
  EXPECT_EQ(all["webhooks"][0]["lag_seconds"], json({1.5, nullptr, nullptr, nullptr, 1.5}));
}

TEST_F(HistoryTest, ForgetsAllOverAGapOfMoreThanADay) {
  for (int i = 0; i < 10; ++i) add();
  next += 1'000'000;
  add();
  EXPECT_EQ(history.size(), History::kMost);
  const auto waiting = read()["apis"][0]["waiting"];
  EXPECT_EQ(waiting.size(), History::kMost);
  EXPECT_EQ(waiting.back(), 12);
  EXPECT_TRUE(waiting[0].is_null());
}

TEST_F(HistoryTest, EndsNowWhenTheClockIsSetBack) {
  for (int i = 0; i < 10; ++i) add();
  next -= 360;
  add();
  EXPECT_EQ(read()["count"], 11);
  EXPECT_EQ(read()["from"], "2025-11-28T09:00:00.000Z");
}

TEST_F(HistoryTest, CountsAnewWhatHasBegunAnew) {
  figures.apis[0].rejections = 10;
  add();
  figures.apis[0].rejections = 2;
  add();
  EXPECT_EQ(read()["apis"][0]["rejections"], json({10, 2}));
}

TEST_F(HistoryTest, HoldsTheLargestNumbers) {
  figures.apis[0] = {"push", 1e12, 1, UINT64_MAX, Nanos::max(), UINT64_MAX};
  figures.webhooks[0] = {"siem", UINT64_MAX, 1e300};
  figures.requests = {UINT64_MAX, 0, 0, 0};
  add();
  const json all = read();
  EXPECT_EQ(all["apis"][0]["waiting"][0], 4'294'967'294u);
  EXPECT_EQ(all["apis"][0]["rejections"][0], 65'534);
  EXPECT_EQ(all["webhooks"][0]["backlog"][0], 4'294'967'294u);
  EXPECT_GT(all["webhooks"][0]["lag_seconds"][0], 4e6);
}

TEST_F(HistoryTest, WritesNamesAsText) {
  figures.apis[0].name = "</script>\"\xff\n";
  add();
  EXPECT_EQ(read()["apis"][0]["name"], "</script>\"\ufffd\n");
}

TEST_F(HistoryTest, IsDueAtWholeMultiplesOfTheInterval) {
  EXPECT_EQ(History::until_next(kStart), History::kInterval);
  EXPECT_EQ(History::until_next(kStart + 1), History::kInterval - Millis(1));
  EXPECT_EQ(History::until_next(kStart + 9'999), Millis(1));
  EXPECT_EQ(History::until_next(-1), Millis(1));
}

TEST_F(HistoryTest, TakesALateSampleForItsInterval) {
  history.add(kStart, figures);
  history.add(kStart + kStep + 300, figures);
  history.add(kStart + 2 * kStep - 16, figures);
  EXPECT_EQ(read()["count"], 3);
  EXPECT_EQ(read()["from"], "2025-11-28T10:00:00.000Z");
}

}  // namespace
}  // namespace sluice
