// Who watches the records on their way to the spool.
#include <atomic>
#include <filesystem>
#include <set>

#include "audit_fixture.h"

namespace sluice {
namespace {

class Observer final : public RecordObserver {
 public:
  void on_record(const AuditRecord& record) override {
    const std::lock_guard lock(mutex_);
    ++seen_[record.request_id];
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  int times(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return seen_[id];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> seen_;
};

std::unique_ptr<AuditLog> open_watched(const AuditConfig& config, Observer& observer,
                                       const AuditOptions& options = {}) {
  auto log = open_audit_log(config, {}, options, {}, &observer);
  EXPECT_TRUE(log.ok());
  return std::move(*log);
}

TEST(AuditObserver, SeesEachRecordOnceWithAndWithoutAWaiter) {
  const TempFolder folder;
  Observer observer;
  const auto log = open_watched(audit_config(folder), observer);
  Answers answers;
  for (uint64_t i = 0; i < 500; ++i)
    log->submit(new_record(AuditType::kRequestDenied, std::to_string(i)), i % 5 == 0 ? &answers : nullptr, i);
  log->stop(Millis(0));
  for (int i = 0; i < 500; ++i) EXPECT_EQ(observer.times(std::to_string(i)), 1) << i;
}

TEST(AuditObserver, SeesEachRecordOnceWhenTheSpoolCannotBeWritten) {
  const TempFolder folder;
  AuditOptions options;
  options.memory_limit = 20;
  options.reopen_delay = Millis(1);
  Observer observer;
  const auto log = open_watched(audit_config(folder), observer, options);
  std::filesystem::remove(audit_config(folder).spool);
  Answers answers;
  log->submit(new_record(AuditType::kRequestDenied, "first"), &answers, 1);
  EXPECT_FALSE(answers.wait(1));
  EXPECT_FALSE(log->usable());
  for (int i = 0; i < 100; ++i) log->submit(new_record(AuditType::kRequestDenied, std::to_string(i)));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (observer.count() < 101 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  log->stop(Millis(0));
  EXPECT_EQ(observer.times("first"), 1);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(observer.times(std::to_string(i)), 1) << i << ": of them 20 can be kept";
}

}  // namespace
}  // namespace sluice
