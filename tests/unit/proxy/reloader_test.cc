#include "proxy/gate/reloader.h"

#include <gmock/gmock.h>

#include <future>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ReloadOutcome taken_up() {
  ReloadOutcome outcome;
  outcome.taken_up = true;
  return outcome;
}

TEST(Reloader, MakesOneReloadOfAllThatIsAskedForWhileOneRuns) {
  std::vector<std::string> causes;
  std::promise<void> begun, goes_on;
  Reloader reloader([&](const std::string& cause) {
    causes.push_back(cause);
    if (causes.size() == 1) {
      begun.set_value();
      goes_on.get_future().wait();
    }
    return taken_up();
  });
  reloader.start();
  reloader.request("first", nullptr);
  begun.get_future().wait();
  std::promise<void> done;
  int answers = 0;
  for (int i = 0; i < 100; ++i)
    reloader.request("later", [&](const ReloadOutcome& outcome) {
      EXPECT_TRUE(outcome.taken_up);
      if (++answers == 100) done.set_value();
    });
  goes_on.set_value();
  done.get_future().wait();
  reloader.stop();
  EXPECT_THAT(causes, ElementsAre("first", "later"));
  EXPECT_EQ(reloader.state().taken_up, 2u);
}

TEST(Reloader, TellsWhoComesTooLate) {
  Reloader reloader([](const std::string&) { return taken_up(); });
  int refused = 0;
  const auto count = [&refused](const ReloadOutcome& outcome) { refused += outcome.taken_up ? 0 : 1; };
  reloader.request("before the start", count);
  reloader.end();
  reloader.request("after the end", count);
  EXPECT_EQ(refused, 2);
  reloader.stop();
}

TEST(Reloader, SaysWhyTheLastOneWasRejectedUntilOneIsTakenUp) {
  bool is_good = false;
  Reloader reloader([&is_good](const std::string&) {
    ReloadOutcome outcome;
    outcome.taken_up = is_good;
    if (!is_good) outcome.findings.error({"a.yaml", 3, 4}, "rule", "what is wrong");
    return outcome;
  });
  reloader.start();
  const auto reload = [&reloader] {
    std::promise<void> done;
    reloader.request("test", [&done](const ReloadOutcome&) { done.set_value(); });
    done.get_future().wait();
    return reloader.state().rejection();
  };
  EXPECT_EQ(reloader.state().rejection(), "");
  EXPECT_THAT(reload(), HasSubstr("a.yaml:3:4: error: what is wrong"));
  is_good = true;
  EXPECT_EQ(reload(), "");
  EXPECT_EQ(reloader.state().rejected, 1u);
}

}  // namespace
}  // namespace sluice
