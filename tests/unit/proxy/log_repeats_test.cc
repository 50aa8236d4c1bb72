#include "proxy/log_repeats.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Field = std::pair<std::string_view, std::string_view>;

class LogRepeatsTest : public testing::Test {
 protected:
  bool says(std::string_view message, std::vector<Field> fields = {}, LogLevel level = LogLevel::kWarning) {
    return repeats.admit(level, message, fields, now);
  }
  int said(int times, std::string_view message, const std::vector<Field>& fields = {}) {
    int count = 0;
    for (int i = 0; i < times; ++i) count += says(message, fields) ? 1 : 0;
    return count;
  }

  LogRepeats repeats;
  Nanos now{std::chrono::hours(1)};
};

TEST_F(LogRepeatsTest, SaysTheFirstTenAndSumsUpTheRest) {
  EXPECT_EQ(said(10'000, "upstream unreachable", {{"api", "push"}, {"reason", "refused"}}), 10);
  EXPECT_TRUE(repeats.take(now, false).empty());
  now += LogRepeats::kWindow;
  const auto summaries = repeats.take(now, false);
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].message, "upstream unreachable");
  EXPECT_EQ(summaries[0].level, LogLevel::kWarning);
  EXPECT_EQ(summaries[0].repeated, 9'990U);
  ASSERT_EQ(summaries[0].fields.size(), 1U);
  EXPECT_EQ(summaries[0].fields[0], std::pair(std::string("api"), std::string("push")));
  EXPECT_TRUE(repeats.take(now, true).empty());
  EXPECT_EQ(said(20, "upstream unreachable", {{"api", "push"}}), 10);
}

TEST_F(LogRepeatsTest, SaysNothingMoreOfWhatWasNotRepeated) {
  said(10, "a");
  now += LogRepeats::kWindow;
  EXPECT_TRUE(repeats.take(now, true).empty());
}

TEST_F(LogRepeatsTest, TellsLevelsAndPartsOfTheConfigurationApart) {
  EXPECT_EQ(said(20, "m", {{"api", "push"}}), 10);
  EXPECT_EQ(said(20, "m", {{"api", "securenvoy"}}), 10);
  EXPECT_EQ(said(20, "m", {{"webhook", "push"}}), 10);
  EXPECT_TRUE(says("m", {{"api", "push"}}, LogLevel::kError));
}

TEST_F(LogRepeatsTest, TellsNothingApartByWhatACallerSends) {
  int count = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = std::to_string(i);
    count += says("m", {{"api", "push"},
                        {"request_id", text},
                        {"path", text},
                        {"source_ip", text},
                        {"reason", text},
                        {"host", text}})
                 ? 1
                 : 0;
  }
  EXPECT_EQ(count, 10);
}

TEST_F(LogRepeatsTest, CountsWhatIsBeyondItsPlacesAsOne) {
  int count = 0;
  for (size_t i = 0; i < 100'000; ++i) count += says("m" + std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(count, static_cast<int>(LogRepeats::kPlaces + LogRepeats::kMost));
  now += LogRepeats::kWindow;
  const auto summaries = repeats.take(now, false);
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].message, "further messages");
  EXPECT_EQ(summaries[0].repeated, 100'000 - LogRepeats::kPlaces - LogRepeats::kMost);
}

TEST_F(LogRepeatsTest, KeepsTheCountOfAWindowThatGaveItsPlaceAway) {
  said(15, "first");
  now += LogRepeats::kWindow;
  for (size_t i = 0; i < 2 * LogRepeats::kPlaces; ++i) (void)says("m" + std::to_string(i));
  const auto summaries = repeats.take(now, false);
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].message, "first");
  EXPECT_EQ(summaries[0].repeated, 5U);
}

TEST_F(LogRepeatsTest, AddsUpWhatNobodyTakes) {
  for (int window = 0; window < 100; ++window, now += LogRepeats::kWindow) said(15, "m", {{"api", "push"}});
  const auto summaries = repeats.take(now, true);
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].repeated, 500U);
}

TEST_F(LogRepeatsTest, BoundsWhatItKeepsOfWhatNobodyTakes) {
  uint64_t written = 0;
  for (int i = 0; i < 1'000; ++i, now += LogRepeats::kWindow)
    written += static_cast<uint64_t>(said(15, "m" + std::to_string(i)));
  const auto summaries = repeats.take(now, true);
  EXPECT_LE(summaries.size(), LogRepeats::kMostOver + 1);
  uint64_t repeated = 0;
  for (const auto& summary : summaries) repeated += summary.repeated;
  EXPECT_EQ(written + repeated, 15'000U);
}

}  // namespace
}  // namespace sluice
