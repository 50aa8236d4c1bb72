// The log's thread, with a stderr that is a pipe of the test's own.
#include "proxy/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "proxy/log.h"

namespace sluice {
namespace {

// Stderr leads to a pipe or to a socket; nobody reads it until somebody asks.
class Redirected {
 public:
  explicit Redirected(bool socket = false) {
    EXPECT_EQ(socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) : pipe(ends_), 0);
    if (!socket) fcntl(ends_[1], F_SETPIPE_SZ, 4096);
    before_ = dup(STDERR_FILENO);
    dup2(ends_[1], STDERR_FILENO);
    close(ends_[1]);
  }
  ~Redirected() {
    restore();
    close_reader();
  }
  // Closes the writing end, too: the reader comes to an end.
  void restore() {
    if (before_ < 0) return;
    dup2(before_, STDERR_FILENO);
    close(std::exchange(before_, -1));
  }
  void close_reader() {
    if (ends_[0] >= 0) close(std::exchange(ends_[0], -1));
  }
  std::string read_to_the_end() {
    std::string all;
    char buffer[65536];
    for (ssize_t got = 0; (got = read(ends_[0], buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<size_t>(got));
    return all;
  }
  // While it is read, from another thread.
  void start_reading() {
    reader_ = std::thread([this] { all_ = read_to_the_end(); });
  }
  std::vector<nlohmann::json> lines() {
    restore();
    reader_.join();
    std::vector<nlohmann::json> parsed;
    std::istringstream text(all_);
    for (std::string line; std::getline(text, line);) parsed.push_back(nlohmann::json::parse(line));
    return parsed;
  }

 private:
  int ends_[2] = {-1, -1};
  int before_ = -1;
  std::thread reader_;
  std::string all_;
};

class LogThreadTest : public testing::TestWithParam<bool> {
 protected:
  LogThreadTest() {
    std::signal(SIGPIPE, SIG_IGN);
    configure_log({});  // whatever ran before
  }
  ~LogThreadTest() override { configure_log({}); }
  static void say(int number) {
    const std::string text = std::to_string(number);
    log_each(LogLevel::kInfo, "line",
             {{"number", text}, {"filler", std::string(static_cast<size_t>(number % 61) * 20, 'x')}});
  }
};
INSTANTIATE_TEST_SUITE_P(ToAPipeAndToASocket, LogThreadTest, testing::Bool());

TEST_P(LogThreadTest, KeepsLinesWholeAndThoseOfAThreadInOrder) {
  Redirected error(GetParam());
  error.start_reading();
  {
    const LogThread thread;
    std::vector<std::thread> speakers;
    for (int speaker = 0; speaker < 4; ++speaker) {
      speakers.emplace_back([speaker] {
        for (int i = 0; i < 250; ++i) say(speaker * 1000 + i);
      });
    }
    for (std::thread& speaker : speakers) speaker.join();
    for (int i = 0; i < 30; ++i) flush_log();  // a busy machine may read more slowly than one call waits
  }
  std::map<int, int> next;
  const auto lines = error.lines();
  EXPECT_EQ(lines.size(), 1000U);
  for (const auto& line : lines) {
    const int number = std::stoi(line["number"].get<std::string>());
    EXPECT_EQ(number % 1000, next[number / 1000]++);
  }
}

TEST_P(LogThreadTest, WaitsForNobodyAndSaysHowManyLinesAreMissing) {
  const uint64_t before = log_lines_dropped();
  Redirected error(GetParam());
  constexpr int kMany = 30'000;
  int said = kMany;
  {
    const LogThread thread;
    for (int i = 0; i < kMany; ++i) say(i);
    EXPECT_GT(log_lines_dropped(), before);
    error.start_reading();
    flush_log();
    for (; said < kMany + 10; ++said) say(said);
  }
  const uint64_t dropped = log_lines_dropped() - before;
  int last = -1, missing = 0;
  for (const auto& line : error.lines()) {
    if (line["message"] != "line") {
      EXPECT_EQ(line["level"], "warning");
      missing += line["lines"].get<int>();
      last += line["lines"].get<int>();
      continue;
    }
    const int number = std::stoi(line["number"].get<std::string>());
    EXPECT_EQ(number, last + 1);
    last = number;
  }
  EXPECT_EQ(last, said - 1);
  EXPECT_EQ(static_cast<uint64_t>(missing), dropped);
}

TEST_P(LogThreadTest, EndsThoughNobodyReads) {
  const uint64_t before = log_lines_dropped();
  {
    const Redirected error(GetParam());
    {
      const LogThread thread;
      for (int i = 0; i < 10'000; ++i) say(i);
    }
    say(1);  // nor does what comes afterwards wait
  }
  EXPECT_GT(log_lines_dropped(), before);
}

TEST_P(LogThreadTest, LosesWhatIsSaidToAClosedStderrAndGoesOn) {
  const uint64_t before = log_lines_dropped();
  {
    Redirected error(GetParam());
    error.close_reader();
    const LogThread thread;
    say(1);
    flush_log();
  }
  EXPECT_EQ(log_lines_dropped(), before + 1);
}

TEST_P(LogThreadTest, HasWrittenWhatWasSaidWhenItIsFlushed) {
  Redirected error(GetParam());
  const LogThread thread;
  say(7);
  flush_log();
  const int flags = fcntl(STDERR_FILENO, F_GETFL);
  EXPECT_EQ(flags & O_NONBLOCK, 0);  // stderr belongs to others, too
  error.start_reading();
  error.restore();
  EXPECT_EQ(error.lines().size(), 1U);
}

TEST_P(LogThreadTest, SumsUpWhatIsRepeatedAtItsEnd) {
  Redirected error(GetParam());
  error.start_reading();
  {
    const LogThread thread;
    for (int i = 0; i < 1'000; ++i) log_warning("again", {{"api", "push"}, {"reason", std::to_string(i)}});
  }
  const auto lines = error.lines();
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(lines.back()["message"], "again");
  EXPECT_EQ(lines.back()["api"], "push");
  EXPECT_EQ(lines.back()["repeated"], 990);
  EXPECT_EQ(lines.back()["level"], "warning");
}

TEST_P(LogThreadTest, SaysThePriorityOfEachLineToTheJournal) {
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    for (const int off : {0, 1}) {
      Redirected error(GetParam());
      struct stat status {};
      fstat(STDERR_FILENO, &status);
      const std::string stream =
          std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino + static_cast<ino_t>(off));
      setenv("JOURNAL_STREAM", stream.c_str(), 1);
      configure_log({format, LogLevel::kDebug, false});
      unsetenv("JOURNAL_STREAM");
      log_debug("d");
      log_info("i");
      log_warning("w");
      log_error("e");
      error.restore();
      std::istringstream lines(error.read_to_the_end());
      for (const char* priority : {"<7>", "<6>", "<4>", "<3>"}) {
        std::string line;
        std::getline(lines, line);
        EXPECT_EQ(line.starts_with(priority), off == 0) << line;
        EXPECT_EQ(line.starts_with("<"), off == 0) << line;
      }
    }
  }
}

// A file that may not grow is as a full disk.
TEST(LogThreadOnADisk, BeginsALineOfItsOwnBehindOneThatWasCutShort) {
  const auto limit_files = [](rlim_t size) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = std::min(size, limit.rlim_max);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  };
  std::signal(SIGXFSZ, SIG_IGN);
  std::FILE* const file = std::tmpfile();
  const int before = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  limit_files(20);
  const uint64_t dropped = log_lines_dropped();
  {
    const LogThread thread;
    log_info("lost");
    flush_log();
    limit_files(RLIM_INFINITY);
    log_info("whole");
  }
  dup2(before, STDERR_FILENO);
  close(before);
  std::rewind(file);
  char text[1024] = {};
  std::istringstream lines(std::string(text, std::fread(text, 1, sizeof text, file)));
  std::fclose(file);
  std::string first, second;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_EQ(first.size(), 20U);
  EXPECT_EQ(nlohmann::json::parse(second, nullptr, false).value("message", ""), "whole");
  EXPECT_EQ(log_lines_dropped() - dropped, 1U);
}

}  // namespace
}  // namespace sluice
