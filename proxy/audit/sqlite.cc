#include "proxy/audit/sqlite.h"

#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstring>

#include "proxy/crypto.h"

namespace sluice::sqlite {
namespace {

constexpr int kBusyMs = 1000;

// Whether it is on a read-only file system and without a log: SQLite reads that only when it is told so, as
// it cannot make its files beside it.
bool is_frozen(const std::string& path) {
  struct statvfs system {};
  return ::statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0 &&
         ::access((path + "-wal").c_str(), F_OK) != 0;
}

std::string frozen_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += '%';
      uri += hex(std::string_view(&c, 1));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access) {
  // SQLite's statistics of memory, which nobody reads, would take a lock for each allocation. Too late, and
  // without effect, once it runs.
  static const int kConfigured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(kConfigured);
  const bool frozen = access == Access::kReadOnly && is_frozen(path);
  int flags = access == Access::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (frozen ? SQLITE_OPEN_URI : 0);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2((frozen ? frozen_uri(path) : path).c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(path, handle));
  if (code != SQLITE_OK) return database->failed("open it");
  sqlite3_busy_timeout(handle, kBusyMs);
  return database;
}

Database::~Database() { sqlite3_close(handle_); }

Error Database::failed(std::string_view doing) const {
  std::string text = "audit spool " + path_ + ": cannot " + std::string(doing) + ": ";
  text += handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle_);
  const int system = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  if (((code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN) && system != 0)
    text.append(": ").append(std::strerror(system));
  return {text};
}

Result<void> Database::run(const std::string& sql, std::string_view doing) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failed(doing);
  return {};
}

Result<int64_t> Database::number(const std::string& sql, std::string_view doing) {
  Statement statement(*this, sql);
  if (!statement.prepared()) return failed(doing);
  const Statement::Step step = statement.next();
  if (step == Statement::Step::kFailed) return failed(doing);
  return step == Statement::Step::kRow ? statement.number(0) : 0;
}

Result<std::string> Database::text(const std::string& sql, std::string_view doing) {
  Statement statement(*this, sql);
  if (!statement.prepared() || statement.next() != Statement::Step::kRow) return failed(doing);
  return statement.text(0);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

bool Database::is_out_of_reach() const {
  switch (sqlite3_extended_errcode(handle_) & 0xFF) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_FULL: return true;
    default: return false;
  }
}

void Database::keep_files() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, static_cast<int*>(nullptr));
}

void Database::watch_log() {
  sqlite3_wal_hook(
      handle_,
      [](void* context, sqlite3*, const char*, int pages) {
        *static_cast<uint64_t*>(context) = static_cast<uint64_t>(pages);
        return SQLITE_OK;
      },
      &log_pages_);
}

Result<bool> Database::checkpoint() {
  int in_log = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
  if (code != SQLITE_OK && code != SQLITE_BUSY) return failed("move its log into the main file");
  const bool all = code == SQLITE_OK && in_log == moved;
  if (all) log_pages_ = 0;
  return all;
}

Statement::Statement(Database& database, const std::string& sql) {
  sqlite3_prepare_v3(database.handle_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::start() {
  sqlite3_reset(handle_);
  bound_ = 0;
  return *this;
}

Statement& Statement::bind_signed(int64_t value) {
  sqlite3_bind_int64(handle_, ++bound_, value);
  return *this;
}

Statement& Statement::bind_text(std::string_view text) {
  sqlite3_bind_text(handle_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_blob(std::string_view octets) {
  sqlite3_bind_blob(handle_, ++bound_, octets.data(), static_cast<int>(octets.size()), SQLITE_STATIC);
  return *this;
}

Statement::Step Statement::next() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return Step::kRow;
  sqlite3_reset(handle_);
  return code == SQLITE_DONE ? Step::kDone : Step::kFailed;
}

int64_t Statement::number(int column) { return sqlite3_column_int64(handle_, column); }

std::string Statement::text(int column) {
  const void* octets = sqlite3_column_blob(handle_, column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(handle_, column));
  return size == 0 ? std::string() : std::string(static_cast<const char*>(octets), size);
}

}  // namespace sluice::sqlite
