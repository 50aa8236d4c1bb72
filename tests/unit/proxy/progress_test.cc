#include "proxy/cli/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <cstdlib>
#include <optional>

namespace sluice {
namespace {

Nanos now{0};

class ProgressTest : public testing::Test {
 protected:
  ProgressTest() {
    now = Millis(5'000);
    setenv("TERM", "xterm", 1);
    termios raw{};
    cfmakeraw(&raw);
    const winsize size{24, 40, 0, 0};
    EXPECT_EQ(::openpty(&terminal_, &inside_, nullptr, &raw, &size), 0);
    ::fcntl(terminal_, F_SETFL, O_NONBLOCK);
  }
  ~ProgressTest() override {
    ::close(terminal_);
    ::close(inside_);
  }
  Progress::Place place() const {
    return {inside_, [] { return now; }};
  }
  // What has come to the terminal since the last time.
  std::string shown() const {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(terminal_, buffer.data(), buffer.size());
    return count > 0 ? std::string(buffer.data(), static_cast<size_t>(count)) : "";
  }

  int terminal_ = -1, inside_ = -1;
};

TEST_F(ProgressTest, SaysHowManyHowFarAndHowFast) {
  Progress progress("events", place());
  now += Millis(2'000);
  progress.at(3'000, 0.459);
  EXPECT_EQ(shown(), "\r\033[K3000 events, 45%, 1500 a second");
}

TEST_F(ProgressTest, LeavesOutAShareThatIsNotKnown) {
  Progress progress("events", place());
  now += Millis(500);
  progress.at(10);
  EXPECT_EQ(shown(), "\r\033[K10 events, 20 a second");
}

TEST_F(ProgressTest, SaysNothingInTheFirstHalfSecondAndNothingAtItsEnd) {
  {
    Progress progress("events", place());
    now += Millis(499);
    progress.at(10);
  }
  EXPECT_EQ(shown(), "");
}

TEST_F(ProgressTest, IsDrawnTenTimesASecondAtMost) {
  Progress progress("events", place());
  now += Millis(500);
  progress.at(1);
  EXPECT_NE(shown(), "");
  now += Millis(99);
  progress.at(2);
  EXPECT_EQ(shown(), "");
  now += Millis(1);
  progress.at(3);
  EXPECT_THAT(shown(), testing::HasSubstr("3 events"));
}

TEST_F(ProgressTest, IsWipedAwayOnceAtTheEnd) {
  {
    Progress progress("events", place());
    now += Millis(600);
    progress.at(1);
    shown();
    progress.clear();
    EXPECT_EQ(shown(), "\r\033[K");
  }
  EXPECT_EQ(shown(), "");
}

TEST_F(ProgressTest, NeverTakesASecondLine) {
  Progress progress("events of which the name is a very long one indeed", place());
  now += Millis(600);
  progress.at(1);
  EXPECT_EQ(shown().size(), std::string("\r\033[K").size() + 39);
}

TEST_F(ProgressTest, IsSilentWhereTheCursorCannotMove) {
  for (const char* terminal : {"dumb", ""}) {
    setenv("TERM", terminal, 1);
    Progress progress("events", place());
    now += Millis(600);
    progress.at(1);
    EXPECT_EQ(shown(), "") << terminal;
  }
}

TEST_F(ProgressTest, IsSilentInAPipe) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  {
    Progress progress("events", {pipe[1], [] { return now; }});
    now += Millis(600);
    progress.at(1);
  }
  char octet = 0;
  EXPECT_EQ(::read(pipe[0], &octet, 1), -1);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST(ShareOf, IsThePartOfARangeThatIsDone) {
  EXPECT_DOUBLE_EQ(share_of(11, 15, 20), 0.5);
  EXPECT_DOUBLE_EQ(share_of(11, 20, 20), 1);
  EXPECT_DOUBLE_EQ(share_of(11, 30, 20), 1);
  EXPECT_DOUBLE_EQ(share_of(11, 5, 20), 0);
  EXPECT_LT(share_of(11, 15, 5), 0);
}

}  // namespace
}  // namespace sluice
