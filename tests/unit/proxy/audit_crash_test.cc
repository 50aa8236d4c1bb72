// kill -9 at random moments: nothing that was acknowledged is lost, and the chain holds.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <set>

#include "audit_fixture.h"

namespace sluice {
namespace {

// In the child: writes the id of each durable record to the pipe, and holds back who submits too far ahead.
class Reporter : public AuditWaiter {
 public:
  Reporter(int pipe, std::string prefix) : pipe_(pipe), prefix_(std::move(prefix)) {}
  void on_recorded(uint64_t token, bool durable) override {
    if (!durable) _exit(3);
    const std::string line = prefix_ + std::to_string(token) + "\n";
    if (write(pipe_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) _exit(4);
    const std::lock_guard lock(mutex_);
    ++answered_;
    changed_.notify_all();
  }
  void wait_until_near(uint64_t token) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, token] { return token < answered_ + 200; });
  }

 private:
  int pipe_;
  std::string prefix_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t answered_ = 0;
};

// Submits for ever: an attempt with a waiter, and for every second one the outcome without.
[[noreturn]] void run_child(const AuditConfig& config, int pipe, const std::string& prefix) {
  auto log = open_audit_log(config, {});
  if (!log) _exit(2);
  Reporter reporter(pipe, prefix);
  for (uint64_t i = 0;; ++i) {
    reporter.wait_until_near(i);
    (*log)->submit(new_record(AuditType::kRequestAttempted, prefix + std::to_string(i)), &reporter, i);
    if (i % 2 == 0) (*log)->submit(new_record(AuditType::kRequestForwarded, prefix + std::to_string(i)));
  }
}

// Kills the child after `lines` lines; returns all complete lines.
std::set<std::string> kill_after(pid_t child, int pipe, size_t lines) {
  std::string text;
  std::array<char, 4096> chunk{};
  bool killed = false;
  for (;;) {
    const ssize_t count = read(pipe, chunk.data(), chunk.size());
    if (count <= 0) break;
    text.append(chunk.data(), static_cast<size_t>(count));
    if (!killed && static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) >= lines) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
  std::set<std::string> ids;
  for (size_t start = 0, end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1)
    ids.insert(text.substr(start, end - start));
  return ids;
}

TEST(AuditCrash, LosesNothingThatWasAcknowledgedOverTwentyKills) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  std::mt19937 random(4711);
  std::set<std::string> acknowledged;
  for (int round = 0; round < 20; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      run_child(config, pipe_ends[1], "k" + std::to_string(round) + "-");
    }
    close(pipe_ends[1]);
    acknowledged.merge(kill_after(child, pipe_ends[0], 1 + random() % 300));
    close(pipe_ends[0]);
  }
  open_or_fail(config)->stop(Millis(0));  // closes what the last kill left open

  std::map<std::string, int> attempts;
  std::map<std::string, int> outcomes;
  for (const StoredEvent& event : read_spool(config.spool)) {
    if (event.type == AuditType::kGateStarted || event.type == AuditType::kGateStopped ||
        event.type == AuditType::kAuditCheckpoint)
      continue;
    const std::string id = parse(event.body)["data"]["request_id"];
    ++(event.type == AuditType::kRequestAttempted ? attempts : outcomes)[id];
  }
  EXPECT_GT(acknowledged.size(), 20U);
  for (const std::string& id : acknowledged) EXPECT_EQ(attempts[id], 1) << id;
  for (const auto& [id, count] : attempts) EXPECT_EQ(outcomes[id], 1) << id;
  EXPECT_EQ(attempts.size(), outcomes.size());
}

}  // namespace
}  // namespace sluice
