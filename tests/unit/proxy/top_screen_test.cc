#include "proxy/cli/top_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "proxy/cli/terminal_text.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;
using Document = nlohmann::ordered_json;

Document status() {
  return Document::parse(R"({
    "version": "0.1.0", "instance": "gate-1", "time": "2026-11-28T10:00:10.000Z", "started": "2026-11-28T09:00:00.000Z",
    "uptime_seconds": 3610, "draining": false, "ready": true,
    "parts": [{"name": "policy", "ready": true, "detail": "ok"}, {"name": "audit", "ready": true, "detail": "ok"}],
    "requests": {"allow": 1200, "deny": 12, "refuse": 3, "failed": 1},
    "apis": [
      {"name": "push", "limit": {"rate": 10, "burst": 10, "in_use": 0.99, "per_second": 9.9, "held_seconds": 0, "rejections": 3},
       "wait_seconds": 2.7, "waiting": 27, "oldest_seconds": 3, "busiest": "soar",
       "clients": [{"name": "soar", "waiting": 19, "per_second": 3.4, "share": 0.35}, {"name": "siem", "waiting": 0, "per_second": 1, "share": 0.16}]},
      {"name": "securenvoy", "limit": {"rate": 2.5, "burst": 5, "in_use": 0.1, "per_second": 0.3, "held_seconds": 0, "rejections": 0},
       "wait_seconds": 0, "waiting": 0, "oldest_seconds": 0, "busiest": null, "clients": []}],
    "audit": {"usable": true, "trouble": "", "last_sequence": 4711,
      "webhooks": [{"name": "siem", "backlog": 275, "lag_seconds": 420, "last_error": "connection refused", "disabled": false, "suspended": false}]},
    "latest_denials": [
      {"time": "2026-11-28T10:00:01.000Z", "type": "denied", "status": 403, "client": "soar", "method": "POST", "path": "/v1/employees/e1/merge", "reason": "at most two", "rules": ["merge-cap"]},
      {"time": "2026-11-28T09:59:58.000Z", "type": "refused", "status": 401, "client": null, "method": "GET", "path": "/v1/employees", "reason": "", "rules": []}]
  })");
}

std::string text_of_screen(const Document& document, const TopView& view = {}) {
  const std::vector<std::string> lines = render_top(document, view);
  return std::accumulate(
      lines.begin(), lines.end(), std::string(),
      [](std::string text, const std::string& line) { return std::move(text) + line + "\n"; });
}

TEST(TopScreen, SaysWhoUsesTheLimit) {
  const std::string text = text_of_screen(status());
  EXPECT_THAT(text,
              HasSubstr("push           ##########   99 %   9.9 of 10/s    2.7 s      27  up to 3.0 s\n"));
  EXPECT_THAT(
      text, HasSubstr("  soar         ###.......   35 %         3.4/s               19  causes the wait\n"));
  EXPECT_THAT(text, HasSubstr("securenvoy     #.........   10 %  0.3 of 2.5/s      0 s       0  free\n"));
}

TEST(TopScreen, SaysWhatIsDeniedAndWhetherTheAuditIsBehind) {
  const std::string text = text_of_screen(status());
  EXPECT_THAT(text, HasSubstr("allowed 1,200  denied 12  refused 3  failed 1\n"));
  EXPECT_THAT(text,
              HasSubstr("10:00:01 denied 403  soar         POST /v1/employees/e1/merge  at most two\n"));
  EXPECT_THAT(text, HasSubstr("09:59:58 refused 401 not known    GET /v1/employees\n"));
  EXPECT_THAT(text, HasSubstr("usable, last event 4,711\n"));
  EXPECT_THAT(text,
              HasSubstr("  siem               275 waiting   7 min behind  behind  connection refused\n"));
}

TEST(TopScreen, SaysHowTheGateIs) {
  Document document = status();
  EXPECT_THAT(text_of_screen(document), HasSubstr("\nREADY\n"));
  document["parts"][0]["detail"] = "the last change was rejected";
  EXPECT_THAT(text_of_screen(document),
              HasSubstr("\nREADY, WITH TROUBLE  policy: the last change was rejected\n"));
  document["parts"][1]["ready"] = false;
  document["parts"][1]["detail"] = "disk full";
  document["ready"] = false;
  EXPECT_THAT(text_of_screen(document), HasSubstr("\nNOT READY  audit: disk full\n"));
  EXPECT_FALSE(is_ready(document));
  document["draining"] = true;
  EXPECT_THAT(text_of_screen(document), HasSubstr("\nDRAINING  "));
}

TEST(TopScreen, SaysThatTheGateDoesNotAnswerAboveTheOldFigures) {
  TopView view;
  view.trouble = "connection refused";
  EXPECT_THAT(text_of_screen(status(), view),
              HasSubstr("\nNO ANSWER  connection refused; trying again, the figures are old\n"));
  EXPECT_THAT(text_of_screen(status(), view), HasSubstr("push "));
  EXPECT_EQ(text_of_screen(nullptr, view), "sluice" + std::string(70, ' ') +
                                               "up -\nNO ANSWER  "
                                               "connection refused; trying again\n\n");
}

TEST(TopScreen, NamesAHoldAndAnApiThatSendsNothing) {
  Document document = status();
  document["apis"][0]["limit"]["held_seconds"] = 2.5;
  document["apis"][1]["wait_seconds"] = nullptr;
  EXPECT_THAT(text_of_screen(document), HasSubstr("held 2.5 s, 429"));
  EXPECT_THAT(text_of_screen(document), HasSubstr("nothing is sent"));
}

TEST(TopScreen, ShowsRatesBetweenTwoDocuments) {
  const Document before = status();
  Document after = before;
  after["time"] = "2026-11-28T10:00:12.000Z";
  after["requests"]["deny"] = 15;
  TopView view;
  view.rates = rates_between(before, after);
  ASSERT_TRUE(view.rates);
  EXPECT_DOUBLE_EQ(view.rates->deny, 1.5);
  EXPECT_THAT(text_of_screen(after, view), HasSubstr("denied 15 (1.5/s)"));
  EXPECT_FALSE(rates_between(after, before)) << "time went back";
  after["started"] = "2026-11-28T10:00:11.000Z";
  EXPECT_FALSE(rates_between(before, after)) << "another process";
  EXPECT_FALSE(rates_between(nullptr, after));
}

TEST(TopScreen, FitsEverySize) {
  for (size_t columns = 1; columns < 130; columns += 7) {
    for (size_t lines = 1; lines < 60; lines += 3) {
      TopView view;
      view.columns = columns;
      view.lines = lines;
      const std::vector<std::string> screen = render_top(status(), view);
      EXPECT_LE(screen.size(), lines);
      for (const std::string& line : screen) EXPECT_LE(terminal_columns(line), columns) << line;
    }
  }
}

TEST(TopScreen, ShowsDenialsInAFloodOfRefusals) {
  Document document = status();
  Document refused = document["latest_denials"][1];
  Document denied = document["latest_denials"][0];
  document["latest_denials"] = Document::array();
  for (int i = 0; i < 50; ++i) document["latest_denials"].push_back(refused);
  for (int i = 0; i < 3; ++i) document["latest_denials"].push_back(denied);
  const std::vector<std::string> lines = render_top(document, {});
  const auto count = [&lines](const char* text) {
    return std::count_if(lines.begin(), lines.end(),
                         [text](const std::string& line) { return line.find(text) != std::string::npos; });
  };
  EXPECT_EQ(count("denied 403"), 3);
  EXPECT_EQ(count("refused 401"), 17);
}

TEST(TopScreen, LetsNothingOfTheGateReachTheTerminalAsAnOrder) {
  const std::string hostile =
      "\x1b]0;pwned\x07\x1b[2J\xe2\x80\xae\xc2\x9b"
      "31m\r\n";
  Document document = status();
  document["instance"] = hostile;
  document["parts"][0] = {{"name", hostile}, {"ready", false}, {"detail", hostile}};
  document["ready"] = false;
  document["apis"][0]["name"] = hostile;
  document["apis"][0]["busiest"] = hostile;
  document["apis"][0]["clients"][0]["name"] = hostile;
  document["audit"]["webhooks"][0]["name"] = hostile;
  document["audit"]["webhooks"][0]["last_error"] = hostile;
  for (const char* name : {"time", "type", "client", "method", "path", "reason"})
    document["latest_denials"][0][name] = hostile;
  TopView view;
  view.columns = 400;
  view.trouble = hostile;
  for (const std::string& line : render_top(document, view)) {
    EXPECT_EQ(escape_for_terminal(line), line);
    EXPECT_THAT(line, Not(HasSubstr("\n")));
  }
}

TEST(TopScreen, BearsWhatIsNoStatus) {
  const Document clients(size_t{10'000},
                         Document{{"name", 7}, {"share", 1e300}, {"waiting", -5}, {"per_second", "x"}});
  for (const Document& document :
       {Document(), Document(7), Document::array(), Document::object(),
        Document{{"apis", 5}, {"audit", "x"}, {"parts", nullptr}, {"requests", {1}}},
        Document{{"apis",
                  {nullptr, 7, Document::array(),
                   Document{{"name", nullptr}, {"limit", 3}, {"clients", clients}}}},
                 {"latest_denials", {1, nullptr, Document{{"status", 1e308}}}},
                 {"uptime_seconds", 1e308},
                 {"time", "x"}}}) {
    const std::vector<std::string> lines = render_top(document, {});
    EXPECT_LT(lines.size(), 40U);
    for (const std::string& line : lines) EXPECT_LE(terminal_columns(line), 80U);
  }
}

TEST(TopScreen, HasColoursWhenTheyAreAskedFor) {
  TopView view;
  EXPECT_THAT(text_of_screen(status(), view), Not(HasSubstr("\x1b")));
  view.colors = true;
  EXPECT_THAT(text_of_screen(status(), view), HasSubstr("\x1b[32mREADY\x1b[0m"));
}

}  // namespace
}  // namespace sluice
