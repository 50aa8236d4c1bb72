#include "proxy/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace sluice {
namespace {

class Log : public testing::Test {
 protected:
  ~Log() override { configure_log({}); }

  static std::string captured(LogFormat format, std::string_view message,
                              std::initializer_list<LogField> fields = {}) {
    configure_log({format, LogLevel::kInfo, false});
    testing::internal::CaptureStderr();
    log_warning(message, fields);
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(Log, WritesOneJsonDocumentPerLine) {
  const std::string line = captured(LogFormat::kJson, "spool is full", {{"path", "/a b"}, {"size", "12"}});
  ASSERT_TRUE(line.ends_with("\n"));
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["level"], "warning");
  EXPECT_EQ(json["message"], "spool is full");
  EXPECT_EQ(json["path"], "/a b");
  EXPECT_EQ(json["size"], "12");
  EXPECT_THAT(json["time"].get<std::string>(),
              testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z"));
}

TEST_F(Log, WritesTextWithFieldsBehindTheMessage) {
  const std::string line = captured(LogFormat::kText, "spool is full", {{"path", "/a b"}, {"size", "12"}});
  EXPECT_THAT(line, testing::MatchesRegex("[-0-9T:.]+Z warning spool is full path=\"/a b\" size=12\n"));
}

TEST_F(Log, QuotesWhatCouldBeTakenForAnotherField) {
  EXPECT_TRUE(captured(LogFormat::kText, "m", {{"a", "1 b=2"}}).ends_with(" a=\"1 b=2\"\n"));
  EXPECT_TRUE(captured(LogFormat::kText, "m", {{"a", "b=2"}}).ends_with(" a=\"b=2\"\n"));
  EXPECT_TRUE(captured(LogFormat::kText, "m", {{"a", ""}}).ends_with(" a=\"\"\n"));
  EXPECT_TRUE(captured(LogFormat::kText, "m", {{"a", "\"q\""}}).ends_with(" a=\"\\\"q\\\"\"\n"));
}

TEST_F(Log, EscapesControlCharactersInBothForms) {
  using namespace std::string_view_literals;
  const std::string_view hostile = "a\nb\r\t\x1b[31m\x7f\xc2\x9b\xff\0z"sv;
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    const std::string line = captured(format, hostile, {{"value", hostile}});
    ASSERT_FALSE(line.empty());
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    for (const char c : line.substr(0, line.size() - 1))
      EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
    EXPECT_NE(line.find("\\u001B"), std::string::npos);
  }
}

TEST_F(Log, WritesAsciiThatMeansWhatWasSaid) {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::string> cases[] = {
      {"plain", "plain"},
      {"a\x7f", "a\x7f"},
      {"\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac"},
      {"\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85"},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"\x7f\x1b\"\\/\t", "\x7f\x1b\"\\/\t"},
      {"a\0b"sv, std::string("a\0b", 3)},
      {"a\xff"
       "b\xc3\xa9",
       "a\xef\xbf\xbd"
       "b\xc3\xa9"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xe2\x80", "\xef\xbf\xbd\xef\xbf\xbd"}};
  for (const auto& [value, meaning] : cases) {
    const std::string line = captured(LogFormat::kJson, value, {{"value", value}});
    for (const char c : line.substr(0, line.size() - 1))
      EXPECT_TRUE(c >= ' ' && c <= '~') << static_cast<int>(c);
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["message"], meaning);
    EXPECT_EQ(json["value"], meaning);
    const std::string text = captured(LogFormat::kText, "m", {{"value", value}});
    const size_t begin = text.find("value=") + 6;
    const std::string shown = text.substr(begin, text.size() - begin - 1);
    if (shown[0] == '"') {
      EXPECT_EQ(nlohmann::json::parse(shown), meaning);
    } else {
      EXPECT_EQ(shown, meaning);
    }
  }
}

TEST_F(Log, SaysEachLineOfAListAndHoldsNothingBackWithoutItsThread) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 30; ++i) log_warning("again");
  for (int i = 0; i < 30; ++i) log_each(LogLevel::kError, "again");
  log_each(LogLevel::kDebug, "quiet");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 60);
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
  configure_log({LogFormat::kText, LogLevel::kWarning, false});
  EXPECT_FALSE(log_enabled(LogLevel::kInfo));
  EXPECT_TRUE(log_enabled(LogLevel::kWarning));
  testing::internal::CaptureStderr();
  log_debug("quiet");
  log_info("quiet");
  log_error("loud");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines.find("quiet"), std::string::npos);
  EXPECT_NE(lines.find(" error loud\n"), std::string::npos);
}

TEST_F(Log, KeepsLinesOfSeveralThreadsApart) {
  configure_log({LogFormat::kJson, LogLevel::kInfo, false});
  testing::internal::CaptureStderr();
  const auto speak = [] {
    for (int i = 0; i < 200; ++i)
      log_info("a line", {{"filler", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}});
  };
  std::thread one(speak);
  std::thread two(speak);
  one.join();
  two.join();
  std::istringstream lines(testing::internal::GetCapturedStderr());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  EXPECT_EQ(count, 400);
}

}  // namespace
}  // namespace sluice
