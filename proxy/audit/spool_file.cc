#include "proxy/audit/spool_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "proxy/audit/chain.h"
#include "proxy/audit/event.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr int64_t kApplicationId = 0x534C4355;  // "SLCU": tells a spool from other databases
constexpr int64_t kFormat = 2;                  // user_version
constexpr uint64_t kCheckedFileSize = 256ULL << 20;

constexpr const char* kSchema = R"(
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  spool_id TEXT NOT NULL,
  head_sequence INTEGER NOT NULL,
  head_hash TEXT NOT NULL) STRICT;
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  body BLOB NOT NULL) STRICT;
CREATE TABLE open_requests (
  request_id TEXT PRIMARY KEY,
  attempted BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE webhooks (
  name TEXT PRIMARY KEY,
  url_sha256 TEXT NOT NULL,
  acked INTEGER NOT NULL,
  batch_through INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letters (
  webhook TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (webhook, sequence)) STRICT;
CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL) STRICT, WITHOUT ROWID;
)";

}  // namespace

Result<void> make_spool_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISREG(status.st_mode)) return {};
    return Error{"audit spool " + path + " is not a file: name a file in audit.spool"};
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{"audit spool " + path + ": cannot make it: " + std::strerror(errno) +
                 ": the folder must exist and be writable"};
  ::close(fd);
  return {};
}

bool has_only_a_log(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || status.st_size > 0) return false;
  return ::stat((path + "-wal").c_str(), &status) == 0 && status.st_size > 0;
}

Result<std::string> set_spool_aside(const std::string& path) {
  std::string time = format_time(std::chrono::system_clock::now());
  std::erase_if(time, [](char c) { return c == ':' || c == '-'; });
  const std::string aside = path + ".damaged-" + time;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string from = path + suffix;
    const std::string to = aside + suffix;
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) continue;
    if (errno == ENOENT && *suffix != '\0') continue;
    std::string why = "audit spool " + path;
    why.append(" is damaged and cannot be moved to ").append(to).append(": ").append(std::strerror(errno));
    return Error{why};
  }
  return aside;
}

Result<SpoolIdentity> identify_spool(sqlite::Database& database, const std::string& path) {
  const std::string remedy = ": move it away, or name another file in audit.spool";
  auto application = database.number("PRAGMA application_id", "read it");
  auto tables = database.number("SELECT count(*) FROM sqlite_master", "read it");
  if (!application || !tables) {
    const std::string why = (application ? tables.error() : application.error()).message;
    return Error{database.is_out_of_reach() ? why : why + remedy};
  }
  if (*application == 0 && *tables == 0) return SpoolIdentity::kEmpty;
  if (*application != kApplicationId)
    return Error{"audit spool " + path + " is another program's database" + remedy};
  auto format = database.number("PRAGMA user_version", "read it");
  if (!format) return format.error();
  if (*format != kFormat)
    return Error{"audit spool " + path + " has format " + std::to_string(*format) +
                 ", and this version reads format " + std::to_string(kFormat) + remedy};
  return SpoolIdentity::kSpool;
}

Result<void> configure_spool(sqlite::Database& database, Durability durability, SpoolIdentity identity) {
  if (identity == SpoolIdentity::kEmpty)
    if (auto done = database.run("PRAGMA page_size = 8192", "set its page size"); !done) return done;
  auto mode = database.text("PRAGMA journal_mode = WAL", "use write-ahead logging");
  if (!mode) return mode.error();
  if (*mode != "wal") return database.failed("use write-ahead logging");
  const char* sync =
      durability == Durability::kPower ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
  if (auto done = database.run(sync, "set its durability"); !done) return done;
  return database.run(
      "PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
      "PRAGMA journal_size_limit = 16777216",
      "configure it");
}

Result<void> create_spool_tables(sqlite::Database& database) {
  std::string sql = "BEGIN IMMEDIATE;";
  sql += kSchema;
  sql += "INSERT INTO meta VALUES (1, '" + uuid_v7() + "', 0, '" + ChainHead{}.hash + "');";
  sql += "PRAGMA application_id = " + std::to_string(kApplicationId) + ";";
  sql += "PRAGMA user_version = " + std::to_string(kFormat) + "; COMMIT";
  return database.run(sql, "make its tables");
}

Result<void> check_spool_pages(sqlite::Database& database, const std::string& path, bool all) {
  // A trigger could swallow events, and a view stand in for a table.
  auto foreign =
      database.number("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')", "check it");
  if (!foreign) return foreign.error();
  if (*foreign > 0) return Error{"it has triggers or views, which no gate makes"};
  struct stat status {};
  if (!all &&
      (::stat(path.c_str(), &status) != 0 || static_cast<uint64_t>(status.st_size) > kCheckedFileSize))
    return {};
  auto verdict = database.text("PRAGMA quick_check(1)", "check its pages");
  if (!verdict) return verdict.error();
  if (*verdict != "ok") return Error{*verdict};
  return {};
}

}  // namespace sluice
