// The audit thread through the AuditLog: groups, waiters, errors of the disk, retention, and starting again.
#include "proxy/audit/spool_writer.h"

#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <set>

#include "audit_fixture.h"

namespace sluice {
namespace {

// Makes every file of this process end at `bytes`, as a full disk would.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : before_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{bytes, limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  void (*before_)(int);
};

size_t count_type(const std::vector<StoredEvent>& events, AuditType type) {
  return static_cast<size_t>(std::count_if(events.begin(), events.end(),
                                           [type](const StoredEvent& event) { return event.type == type; }));
}

TEST(AuditSpoolWriter, RecordsStartRequestsAndStopInOneChain) {
  const TempFolder folder;
  const auto log = open_or_fail(audit_config(folder));
  Answers answers;
  log->submit(new_record(AuditType::kRequestAttempted, "r1"), &answers, 7);
  EXPECT_TRUE(answers.wait(7));
  EXPECT_TRUE(log->usable());
  EXPECT_EQ(log->last_sequence(), 2U);
  log->submit(new_record(AuditType::kRequestForwarded, "r1"));
  log->stop(Millis(0));
  log->stop(Millis(0));
  const auto events = read_spool(audit_config(folder).spool);
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0].type, AuditType::kGateStarted);
  EXPECT_EQ(events[1].type, AuditType::kRequestAttempted);
  EXPECT_EQ(events[2].type, AuditType::kRequestForwarded);
  EXPECT_EQ(events[3].type, AuditType::kGateStopped);
  EXPECT_EQ(events[4].type, AuditType::kAuditCheckpoint);
  EXPECT_EQ(log->events_by_type()[static_cast<size_t>(AuditType::kRequestForwarded)], 1U);
  EXPECT_NE(parse(events[3].body)["time"], "1970-01-01T00:00:00.000Z");
}

TEST(AuditSpoolWriter, CommitsWithoutAWaiterToo) {
  const TempFolder folder;
  const auto log = open_or_fail(audit_config(folder));
  log->submit(new_record(AuditType::kRequestForwarded, "r1"));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (log->last_sequence() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(log->last_sequence(), 2U);
}

TEST(AuditSpoolWriter, AnswersEveryWaiterOnceFromManyThreads) {
  const TempFolder folder;
  const auto log = open_or_fail(audit_config(folder));
  Answers answers;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&log, &answers, t] {
      for (uint64_t i = 0; i < 500; ++i)
        log->submit(new_record(AuditType::kRequestDenied, uuid_v7()), i % 5 == 0 ? &answers : nullptr,
                    t * 500 + i);
    });
  for (auto& thread : threads) thread.join();
  for (uint64_t token = 0; token < 2'000; token += 5) EXPECT_TRUE(answers.wait(token));
  log->stop(Millis(0));
  EXPECT_EQ(count_type(read_spool(audit_config(folder).spool), AuditType::kRequestDenied), 2'000U);
}

TEST(AuditSpoolWriter, KeepsNothingAfterItStopped) {
  const TempFolder folder;
  const auto log = open_or_fail(audit_config(folder));
  log->stop(Millis(0));
  Answers answers;
  log->submit(new_record(AuditType::kRequestAttempted, "r1"), &answers, 1);
  EXPECT_FALSE(answers.wait(1));
}

TEST(AuditSpoolWriter, ClosesRequestsThatACrashLeftOpen) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  {
    const auto log = open_or_fail(config);
    AuditRecord attempted = request_record(AuditType::kRequestAttempted, "r1");
    attempted.path = "/v1/employees/e1/merge";
    log->submit(std::make_unique<AuditRecord>(std::move(attempted)));
    log->submit(new_record(AuditType::kRequestAttempted, "r2"));
    log->submit(new_record(AuditType::kRequestFailed, "r2"));
  }
  open_or_fail(config)->stop(Millis(0));
  open_or_fail(config)->stop(Millis(0));
  const auto events = read_spool(config.spool);
  std::vector<nlohmann::json> failed;
  for (const StoredEvent& event : events)
    if (event.type == AuditType::kRequestFailed) failed.push_back(parse(event.body));
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_EQ(failed[1]["data"]["request_id"], "r1");
  EXPECT_EQ(failed[1]["data"]["reason"], "outcome unknown");
  EXPECT_EQ(failed[1]["data"]["path"], "/v1/employees/e1/merge");
  EXPECT_EQ(failed[1]["data"]["sequence"], 7);  // before the gate.started of that start
  EXPECT_EQ(events[7].type, AuditType::kGateStarted);
}

TEST(AuditSpoolWriter, RefusesASpoolThatAnotherGateHas) {
  const TempFolder folder;
  const auto log = open_or_fail(audit_config(folder));
  const auto second = open_audit_log(audit_config(folder), {});
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("in use by another gate"), std::string::npos);
}

TEST(AuditSpoolWriter, SaysWhenTheDiskIsFullRecoversAndReportsTheExactLoss) {
  const TempFolder folder;
  AuditOptions options;
  options.memory_limit = 300;
  options.reopen_delay = Millis(10);
  const auto log = open_or_fail(audit_config(folder), {}, options);
  Answers answers;
  uint64_t submitted = 0;
  std::set<std::string> durable;
  {
    const FullDisk full(400 * 1024);
    for (;;) {
      const uint64_t token = ++submitted;
      log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(token)), &answers, token);
      if (!answers.wait(token)) break;
      durable.insert("r" + std::to_string(token));
      ASSERT_LT(submitted, 10'000U) << "the disk never filled";
    }
    EXPECT_FALSE(log->usable());
    EXPECT_NE(log->trouble(), "");
    const FullDisk fuller(1);  // what the log's checkpoint frees cannot be written to either
    for (int i = 0; i < 1'000; ++i) {
      const uint64_t token = ++submitted;
      log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(token)), &answers, token);
    }
    EXPECT_FALSE(answers.wait(submitted));
  }
  for (bool kept = false; !kept;) {
    const uint64_t token = ++submitted;
    log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(token)), &answers, token);
    kept = answers.wait(token);
    ASSERT_LT(submitted, 5'000'000U) << "it never recovered";
  }
  EXPECT_TRUE(log->usable());
  EXPECT_EQ(log->trouble(), "");
  log->stop(Millis(0));
  EXPECT_EQ(answers.count(), submitted);

  const auto events = read_spool(audit_config(folder).spool);
  uint64_t lost = 0;
  std::set<std::string> kept;
  for (const StoredEvent& event : events) {
    if (event.type == AuditType::kAuditGap) lost += parse(event.body)["data"]["lost"].get<uint64_t>();
    if (event.type != AuditType::kRequestDenied) continue;
    EXPECT_TRUE(kept.insert(parse(event.body)["data"]["request_id"]).second);
  }
  EXPECT_GE(lost, 700U);
  EXPECT_EQ(kept.size() + lost, submitted);
  for (const std::string& id : durable) EXPECT_TRUE(kept.contains(id)) << id;
}

TEST(AuditSpoolWriter, CallsNothingDurableInAFileThatWasRemoved) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  const auto log = open_or_fail(config);
  Answers answers;
  log->submit(new_record(AuditType::kRequestAttempted, "r1"), &answers, 1);
  EXPECT_TRUE(answers.wait(1));
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(config.spool + suffix);
  log->submit(new_record(AuditType::kRequestAttempted, "r2"), &answers, 2);
  EXPECT_FALSE(answers.wait(2));
  EXPECT_FALSE(log->usable());
}

TEST(AuditSpoolWriter, MakesNoFileWhereItsOwnWasSoThatThisCanBePutBack) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  AuditOptions options;
  options.reopen_delay = Millis(0);
  auto log = open_or_fail(config, {}, options);
  Answers answers;
  log->submit(new_record(AuditType::kRequestAttempted, "r"), &answers, 1);
  EXPECT_TRUE(answers.wait(1));
  const std::string away = config.spool + ".away";
  std::filesystem::rename(config.spool, away);  // its -wal stays
  uint64_t token = 1;
  for (int i = 0; i < 50; ++i) {
    log->submit(new_record(AuditType::kRequestAttempted, "r"), &answers, ++token);
    EXPECT_FALSE(answers.wait(token));
  }
  EXPECT_NE(log->trouble().find("was removed while the gate runs"), std::string::npos) << log->trouble();
  EXPECT_FALSE(std::filesystem::exists(config.spool));
  std::filesystem::rename(away, config.spool);
  log.reset();
  open_or_fail(config).reset();
  const auto events = read_spool(config.spool);
  EXPECT_EQ(events.front().sequence, 1U);
  EXPECT_EQ(count_type(events, AuditType::kAuditGap), 0U);
}

TEST(AuditSpoolWriter, RefusesToGoOnInAnotherFile) {
  const TempFolder folder;
  const TempFolder other;
  const AuditConfig config = audit_config(folder);
  const AuditConfig stranger = audit_config(other);
  open_or_fail(stranger).reset();
  AuditOptions options;
  options.reopen_delay = Millis(1);
  options.retention_interval = Millis(5);
  const auto log = open_or_fail(config, {}, options);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(config.spool + suffix);
  std::filesystem::rename(stranger.spool, config.spool);
  Answers answers;
  uint64_t token = 0;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (log->trouble().find("was replaced") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    log->submit(new_record(AuditType::kRequestDenied, "r"), &answers, ++token);
    answers.wait(token);
  }
  EXPECT_NE(log->trouble().find("was replaced while the gate runs"), std::string::npos) << log->trouble();
  EXPECT_FALSE(log->usable());
  log->submit(new_record(AuditType::kRequestDenied, "r"), &answers, ++token);
  EXPECT_FALSE(answers.wait(token));
}

TEST(AuditSpoolWriter, RemovesOldEventsButNeverTheHead) {
  const TempFolder folder;
  AuditConfig config = audit_config(folder);
  config.retain_age = Millis(1'000);
  AuditOptions options;
  options.retention_interval = Millis(5);
  const auto log = open_or_fail(config, {}, options);
  Answers answers;
  for (uint64_t i = 1; i <= 20; ++i) {
    AuditRecord record = request_record(AuditType::kRequestDenied, "r" + std::to_string(i));
    record.time = std::chrono::system_clock::now() - std::chrono::hours(1);
    log->submit(std::make_unique<AuditRecord>(std::move(record)), &answers, i);
  }
  EXPECT_TRUE(answers.wait(20));
  // gate.started is younger and stands before them: it holds back what follows until it is old as well.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  size_t left = 21;
  while (left > 1 && std::chrono::steady_clock::now() < deadline) left = read_spool(config.spool).size();
  const auto events = read_spool(config.spool);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].sequence, 21U);
}

TEST(AuditSpoolWriter, RemovesTheOldestBeyondItsSize) {
  const TempFolder folder;
  AuditConfig config = audit_config(folder);
  config.retain_size = 512_KiB;
  AuditOptions options;
  options.checkpoint_events = 1'000'000;  // one, at the end
  options.retention_interval = Millis(1);
  const auto log = open_or_fail(config, {}, options);
  Answers answers;
  for (uint64_t i = 1; i <= 3'000; ++i) {
    log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(i)), &answers, i);
    if (i % 100 != 0) continue;
    EXPECT_TRUE(answers.wait(i));
  }
  log->stop(Millis(0));
  const auto events = read_spool(config.spool);
  EXPECT_GT(events.front().sequence, 1'000U);
  EXPECT_EQ(events.back().sequence, 3'003U);
  EXPECT_EQ(count_type(events, AuditType::kAuditGap), 0U);  // no webhook missed anything
}

// Nobody else writes meanwhile: whoever came next would wait until all of it was moved.
TEST(AuditSpoolWriter, MovesTheTracesOfARemovalOutOfTheLogAsItGoes) {
  const TempFolder folder;
  AuditConfig config = audit_config(folder);
  constexpr uint64_t kEvents = 20'000;
  {
    const auto log = open_or_fail(config);
    Answers answers;
    for (uint64_t i = 1; i <= kEvents; ++i) {
      log->submit(new_record(AuditType::kRequestDenied, "r"), i % 1'000 == 0 ? &answers : nullptr, i);
      if (i % 1'000 != 0) continue;
      EXPECT_TRUE(answers.wait(i));
    }
    log->stop(Millis(0));
  }
  config.retain_age = Millis(0);
  const auto log = open_or_fail(config);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  uintmax_t longest = 0;
  uint64_t oldest = 0;
  while (oldest <= kEvents && std::chrono::steady_clock::now() < deadline) {
    longest = std::max(longest, std::filesystem::file_size(config.spool + "-wal"));
    oldest = (*(*SpoolReader::open(config.spool))->read(0, 1)).at(0).sequence;
  }
  EXPECT_GT(oldest, kEvents);
  EXPECT_LT(longest, std::filesystem::file_size(config.spool) / 2);
}

void damage(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(9 * 8192);
  file << std::string(8192, '\x5A');
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(AuditSpoolWriter, SetsADamagedSpoolAsideAsItIsAndSaysSo) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  {
    const auto log = open_or_fail(config);
    for (int i = 0; i < 300; ++i) log->submit(new_record(AuditType::kRequestDenied, uuid_v7()));
    log->stop(Millis(0));
  }
  damage(config.spool);
  const std::string before = content(config.spool);
  open_or_fail(config)->stop(Millis(0));
  const auto events = read_spool(config.spool);
  ASSERT_EQ(events.size(), 4U);  // start, this, checkpoint, stop
  EXPECT_EQ(events[1].type, AuditType::kAuditGap);
  const auto data = parse(events[1].body)["data"];
  EXPECT_EQ(data["reason"], "the spool was damaged and set aside");
  const auto aside = data["set_aside"].get<std::string>();
  EXPECT_EQ(aside.find(config.spool + ".damaged-2"), 0U) << aside;
  EXPECT_EQ(content(aside), before);
  EXPECT_NE(data["why"].get<std::string>().find("is damaged"), std::string::npos);
}

TEST(AuditSpoolWriter, SaysThatTheSpoolBeforeIsGone) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  open_or_fail(config)->stop(Millis(0));
  const std::string id = *(*SpoolReader::open(config.spool))->id();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(config.spool + suffix);
  open_or_fail(config)->stop(Millis(0));
  const auto events = read_spool(config.spool);
  const auto data = parse(events.at(1).body)["data"];
  EXPECT_EQ(events[1].type, AuditType::kAuditGap);
  EXPECT_EQ(data["reason"], "the spool before this one is gone");
  EXPECT_EQ(data["missing_spool"], id);
  EXPECT_EQ(data["signed_to"], "3");  // start, stop, checkpoint
  open_or_fail(config)->stop(Millis(0));
  EXPECT_NE(read_spool(config.spool).at(5).type, AuditType::kAuditGap);  // said once
}

TEST(AuditSpoolWriter, ThrowsNoLogAwayWhoseFileIsEmpty) {
  const TempFolder folder;
  const AuditConfig config = audit_config(folder);
  std::string log_before;
  {
    const auto log = open_or_fail(config);
    Answers answers;
    log->submit(new_record(AuditType::kRequestDenied, "r"), &answers, 1);
    EXPECT_TRUE(answers.wait(1));
    log_before = content(config.spool + "-wal");
    std::filesystem::copy(config.spool + "-wal", folder.file("kept"));
    log->stop(Millis(0));
  }
  ASSERT_FALSE(log_before.empty());
  std::filesystem::resize_file(config.spool, 0);
  std::filesystem::copy(folder.file("kept"), config.spool + "-wal",
                        std::filesystem::copy_options::overwrite_existing);
  open_or_fail(config)->stop(Millis(0));
  const auto data = parse(read_spool(config.spool).at(1).body)["data"];
  EXPECT_EQ(content(data["set_aside"].get<std::string>() + "-wal"), log_before);
}

}  // namespace
}  // namespace sluice
