#include "proxy/audit/spool.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>

#include "audit_fixture.h"
#include "proxy/audit/spool_lock.h"

namespace sluice {
namespace {

// Runs SQL on a spool behind its back.
void tamper(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
  sqlite3_free(error);
  sqlite3_close(database);
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class AuditSpool : public testing::Test {
 protected:
  std::unique_ptr<Spool> open() {
    auto spool = Spool::open(path_, Durability::kPower, SpoolCheck::kAll);
    EXPECT_TRUE(spool.ok()) << spool.error().message;
    return spool ? std::move(*spool) : nullptr;
  }
  std::string refusal() {
    auto spool = Spool::open(path_, Durability::kPower, SpoolCheck::kAll);
    return spool ? "" : spool.error().message;
  }
  // Appends `count` events of a type, the first with this request id.
  static void append(Spool& spool, AuditType type, size_t count, const std::string& request_id = "",
                     int64_t time_ms = 1'000) {
    SpoolChange change;
    ChainWriter writer("/sluice/x", spool.head());
    for (size_t i = 0; i < count; ++i) {
      AuditRecord record;
      record.type = type;
      record.access = "write";
      record.time = std::chrono::system_clock::time_point(Millis(time_ms));
      record.request_id = i == 0 ? request_id : "";
      change.events.push_back(writer.append(record, uuid_v7()));
    }
    change.head = writer.head();
    const auto done = spool.apply(change);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

  TempFolder folder_;
  std::string path_ = folder_.file("audit.db");
};

TEST_F(AuditSpool, IsMadeForItsOwnerOnly) {
  const auto spool = open();
  append(*spool, AuditType::kGateStarted, 1);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(AuditSpool, KeepsEventsHeadAndIdentityOverAReopen) {
  std::string id;
  ChainHead head;
  {
    const auto spool = open();
    EXPECT_EQ(spool->head(), ChainHead{});
    append(*spool, AuditType::kRequestDenied, 3);
    id = spool->id();
    head = spool->head();
  }
  const auto spool = open();
  EXPECT_EQ(spool->id(), id);
  EXPECT_EQ(spool->head(), head);
  const auto events = read_spool(path_);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].sequence, 3U);
  EXPECT_EQ(events[2].type, AuditType::kRequestDenied);
  EXPECT_EQ(events[2].time_ms, 1'000);
  EXPECT_EQ(parse(events[2].body)["id"], events[2].id);
}

TEST_F(AuditSpool, KnowsWhichWritesAreWithoutOutcome) {
  const auto spool = open();
  append(*spool, AuditType::kRequestAttempted, 1, "r1");
  append(*spool, AuditType::kRequestAttempted, 1, "r2");
  append(*spool, AuditType::kRequestForwarded, 1, "r1");
  const auto open_requests = spool->open_requests();
  ASSERT_TRUE(open_requests.ok());
  ASSERT_EQ((*open_requests).size(), 1U);
  EXPECT_EQ((*open_requests)[0].request_id, "r2");
  EXPECT_EQ(parse((*open_requests)[0].attempted)["data"]["request_id"], "r2");
}

TEST_F(AuditSpool, KeepsEventsInTheirOrderHoweverManyComeAtOnce) {
  const auto spool = open();
  size_t total = 0;
  for (const size_t count : {1, 2, 3, 4, 5, 15, 16, 17, 21, 32, 63, 100}) {
    append(*spool, AuditType::kRequestAttempted, count, "r" + std::to_string(count));
    total += count;
    EXPECT_EQ(spool->head().sequence, total);
  }
  const auto events = read_spool(path_);  // checks their chain
  ASSERT_EQ(events.size(), total);
  for (size_t i = 0; i < total; ++i) {
    EXPECT_EQ(events[i].sequence, i + 1);
    EXPECT_EQ(parse(events[i].body)["id"], events[i].id);
    EXPECT_EQ(events[i].type, AuditType::kRequestAttempted);
    EXPECT_EQ(events[i].time_ms, 1'000);
  }
  EXPECT_EQ((*spool->open_requests()).size(), 12U);
}

TEST_F(AuditSpool, KeepsNothingOfAChangeThatFails) {
  {
    const auto spool = open();
    append(*spool, AuditType::kRequestDenied, 20);
    SpoolChange change;
    ChainWriter writer("/sluice/x", {3, std::string(64, 'a')});  // its numbers are taken
    for (int i = 0; i < 30; ++i) change.events.push_back(writer.append(AuditRecord{}, uuid_v7()));
    change.head = writer.head();
    const auto done = spool->apply(change);
    ASSERT_FALSE(done.ok());
    EXPECT_NE(done.error().message.find("cannot write: UNIQUE constraint failed"), std::string::npos)
        << done.error().message;
  }
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(read_spool(path_).size(), 20U);
}

TEST_F(AuditSpool, KeepsWebhooksAndForgetsThem) {
  const auto spool = open();
  SpoolChange change;
  change.head = spool->head();
  change.webhooks = {{"siem", "aa", 7, 9, true, 99}, {"soc", "bb", 1, 0, false, 0}};
  ASSERT_TRUE(spool->apply(change).ok());
  change.webhooks = {{"siem", "aa", 8, 12, false, 0}};
  change.forgotten_webhooks = {"soc"};
  ASSERT_TRUE(spool->apply(change).ok());
  const auto rows = spool->webhooks();
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ((*rows).size(), 1U);
  EXPECT_EQ((*rows)[0].name, "siem");
  EXPECT_EQ((*rows)[0].acked, 8U);
  EXPECT_EQ((*rows)[0].batch_through, 12U);
  EXPECT_FALSE((*rows)[0].disabled);
}

TEST_F(AuditSpool, KeepsDeadLettersUntilTheyAreOldOrTheirWebhookIsForgotten) {
  const auto spool = open();
  SpoolChange change;
  change.head = spool->head();
  change.dead_letters = {{"siem", 3, 1'000, "answered 400", "three"},
                         {"siem", 7, 3'000, "answered 413", "seven"},
                         {"soc", 4, 3'000, "answered 422", "four"}};
  ASSERT_TRUE(spool->apply(change).ok());
  const auto reader = SpoolReader::open(path_);
  ASSERT_TRUE(reader.ok());
  const auto after = (*reader)->dead_letters("siem", 3, 10);
  ASSERT_TRUE(after.ok());
  ASSERT_EQ((*after).size(), 1U);
  EXPECT_EQ((*after)[0].sequence, 7U);
  EXPECT_EQ((*after)[0].reason, "answered 413");
  EXPECT_EQ((*after)[0].body, "seven");
  EXPECT_EQ(*(*reader)->count_dead_letters("siem"), 2U);

  EXPECT_EQ(*spool->remove_dead_letters(2'000, 10), 1U);
  EXPECT_EQ(*(*reader)->count_dead_letters("siem"), 1U);
  change = {};
  change.head = spool->head();
  change.forgotten_webhooks = {"siem"};
  ASSERT_TRUE(spool->apply(change).ok());
  EXPECT_EQ(*(*reader)->count_dead_letters("siem"), 0U);
  EXPECT_EQ(*(*reader)->count_dead_letters("soc"), 1U);
}

TEST_F(AuditSpool, KeepsWhatTheGateKnew) {
  const auto spool = open();
  SpoolChange change;
  change.head = spool->head();
  change.facts = {{"policy", "first"}};
  ASSERT_TRUE(spool->apply(change).ok());
  change.facts = {{"policy", "second"}};
  ASSERT_TRUE(spool->apply(change).ok());
  EXPECT_EQ(*spool->fact("policy"), "second");
  EXPECT_EQ(*spool->fact("key"), std::nullopt);
}

TEST_F(AuditSpool, CountsFindsAndRemovesTheOldest) {
  const auto spool = open();
  append(*spool, AuditType::kRequestDenied, 4, "", 1'000);
  append(*spool, AuditType::kAuditGap, 1, "", 2'000);
  append(*spool, AuditType::kRequestDenied, 4, "", 3'000);
  EXPECT_EQ((*spool->count(1, 6))[static_cast<size_t>(AuditType::kRequestDenied)], 4U);
  EXPECT_EQ((*spool->gaps(0, 9)).size(), 1U);
  EXPECT_EQ((*spool->gaps(5, 9)).size(), 0U);
  EXPECT_EQ(*spool->removable(9, 2'000, 100), 4U);
  EXPECT_EQ(*spool->removable(9, 2'000, 3), 3U);
  EXPECT_EQ(*spool->removable(2, 2'000, 100), 2U);
  EXPECT_EQ(*spool->removable(9, 1'000, 100), 0U);
  append(*spool, AuditType::kRequestDenied, 1, "", 500);  // out of order: waits for those before it
  EXPECT_EQ(*spool->removable(10, 2'000, 100), 4U);
  SpoolChange change;
  change.head = spool->head();
  change.remove_through = 4;
  ASSERT_TRUE(spool->apply(change).ok());
  EXPECT_EQ(read_spool(path_).front().sequence, 5U);
}

TEST_F(AuditSpool, ReusesTheRoomOfRemovedEvents) {
  const auto spool = open();
  append(*spool, AuditType::kRequestDenied, 2'000);
  const uint64_t full = *spool->used_bytes();
  SpoolChange change;
  change.head = spool->head();
  change.remove_through = 1'990;
  ASSERT_TRUE(spool->apply(change).ok());
  EXPECT_LT(*spool->used_bytes(), full / 4);
}

TEST_F(AuditSpool, MovesALongLogIntoTheMainFile) {
  const auto spool = open();
  for (int i = 0; i < 8; ++i) append(*spool, AuditType::kRequestDenied, 1'000);
  const auto before = std::filesystem::file_size(path_);
  ASSERT_TRUE(spool->checkpoint_if_long().ok());
  EXPECT_GT(std::filesystem::file_size(path_), before + (2U << 20));
}

TEST_F(AuditSpool, RefusesWhatIsNoSpoolAndLeavesItAsItIs) {
  std::ofstream(path_) << std::string(10'000, 'x');
  EXPECT_NE(refusal().find("file is not a database: move it away"), std::string::npos) << refusal();
  EXPECT_EQ(read_file(path_), std::string(10'000, 'x'));

  std::filesystem::remove(path_);
  tamper(path_, "CREATE TABLE mine (x); PRAGMA application_id = 7");
  const std::string before = read_file(path_);
  EXPECT_NE(refusal().find("another program's database"), std::string::npos) << refusal();
  EXPECT_EQ(read_file(path_), before);

  std::filesystem::remove(path_);
  tamper(path_, "CREATE TABLE mine (x)");
  EXPECT_NE(refusal().find("another program's database"), std::string::npos) << refusal();
}

TEST_F(AuditSpool, RefusesAnotherFormatAFolderAndAMissingFolder) {
  open().reset();
  tamper(path_, "PRAGMA user_version = 1");
  EXPECT_NE(refusal().find("has format 1, and this version reads format 2"), std::string::npos) << refusal();
  path_ = folder_.file("sub");
  std::filesystem::create_directory(path_);
  EXPECT_NE(refusal().find("is not a file"), std::string::npos) << refusal();
  path_ = folder_.file("none/audit.db");
  EXPECT_NE(refusal().find("No such file or directory"), std::string::npos) << refusal();
}

TEST_F(AuditSpool, StartsInAnEmptyFile) {
  std::ofstream stream(path_);
  stream.close();
  EXPECT_EQ(refusal(), "");
}

TEST_F(AuditSpool, RefusesADamagedFile) {
  const char* const damages[] = {
      "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), 'null', 'true') AS BLOB) WHERE sequence = 2",
      "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), 'sluice/x', 'sluice/y') AS BLOB) WHERE "
      "sequence = 3",
      "DELETE FROM events WHERE sequence = 2",
      "DELETE FROM events WHERE sequence = 3",
      "DELETE FROM events",
      "UPDATE meta SET head_hash = 'x'",
      "DELETE FROM meta",
      "DROP TABLE open_requests",
  };
  for (const char* sql : damages) {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    {
      const auto spool = open();
      append(*spool, AuditType::kRequestDenied, 3);
    }
    EXPECT_EQ(refusal(), "");
    tamper(path_, sql);
    EXPECT_NE(refusal().find("is damaged: move it"), std::string::npos) << sql << ": " << refusal();
  }
}

TEST_F(AuditSpool, RefusesAFileWithABrokenPage) {
  {
    const auto spool = open();
    append(*spool, AuditType::kRequestDenied, 200);
  }
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(10 * 8192);
    file << std::string(8192, '\x5A');
  }
  const std::string why = refusal();
  EXPECT_NE(why.find("is damaged: move it"), std::string::npos) << why;
}

TEST_F(AuditSpool, IsWrittenByOneProcessAtATime) {
  auto first = SpoolLock::take(path_);
  ASSERT_TRUE(first.ok());
  const auto second = SpoolLock::take(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("is in use by another gate"), std::string::npos);
  std::ofstream(path_).close();
  std::filesystem::create_symlink(path_, folder_.file("link.db"));
  EXPECT_FALSE(SpoolLock::take(folder_.file("link.db")).ok());
  { const SpoolLock gone = std::move(*first); }
  EXPECT_TRUE(SpoolLock::take(path_).ok());
  EXPECT_FALSE(SpoolLock::take(folder_.file("none/audit.db")).ok());
}

TEST_F(AuditSpool, IsReadWhileItIsWritten) {
  EXPECT_FALSE(SpoolReader::open(path_).ok());
  const auto spool = open();
  append(*spool, AuditType::kRequestDenied, 2);
  auto reader = SpoolReader::open(path_);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ((*(*reader)->read(0, 1)).size(), 1U);
  append(*spool, AuditType::kRequestDenied, 1);
  const auto rest = (*reader)->read(1, 10);
  ASSERT_EQ((*rest).size(), 2U);
  EXPECT_EQ((*rest)[1].sequence, 3U);
  EXPECT_EQ(*(*reader)->head(), spool->head());
}

}  // namespace
}  // namespace sluice
