#include "proxy/audit/spool.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr int64_t kApplicationId = 0x534C4355;  // "SLCU": tells a spool from other databases
constexpr int64_t kFormat = 1;                  // user_version
constexpr uint64_t kPageSize = 8192;
constexpr uint64_t kLongLogPages = (4ULL << 20) / kPageSize;
constexpr uint64_t kCheckedFileSize = 256ULL << 20;
constexpr uint64_t kCheckedEvents = 1000;
constexpr int kBusyMs = 1000;

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
  disabled INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)";

// One connection. Every failure names the file, what was being done, and SQLite's and the system's reasons.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const std::string& path, int flags) {
    // Its statistics of memory, which nobody reads, would take a lock for each allocation. Too late, and
    // without effect, once it runs.
    static const int kConfigured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(kConfigured);
    sqlite3* handle = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    std::unique_ptr<Database> database(new Database(path, handle));
    if (code != SQLITE_OK) return database->failed("open it");
    sqlite3_busy_timeout(handle, kBusyMs);
    return database;
  }
  ~Database() { sqlite3_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  sqlite3* handle() { return handle_; }
  Error failed(std::string_view doing) const {
    std::string text = "audit spool " + path_ + ": cannot " + std::string(doing) + ": ";
    text += handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
    const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle_);
    const int system = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
    if (((code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN) && system != 0)
      text.append(": ").append(std::strerror(system));
    return {text};
  }
  Result<void> run(const char* sql, std::string_view doing) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(doing);
    return {};
  }

 private:
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  std::string path_;
  sqlite3* handle_;
};

// A prepared statement, used again and again. start() and its binds, then next() until it says kDone or
// kFailed.
class Statement {
 public:
  enum class Step { kRow, kDone, kFailed };

  Statement(Database& database, const char* sql) {
    sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool prepared() const { return handle_ != nullptr; }
  Statement& start() {
    sqlite3_reset(handle_);
    bound_ = 0;
    return *this;
  }
  Statement& bind(uint64_t value) { return bind_signed(static_cast<int64_t>(value)); }
  Statement& bind_signed(int64_t value) {
    sqlite3_bind_int64(handle_, ++bound_, value);
    return *this;
  }
  // The octets are not copied: they have to live until the statement has run.
  Statement& bind_text(std::string_view text) {
    sqlite3_bind_text(handle_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    return *this;
  }
  Statement& bind_blob(std::string_view octets) {
    sqlite3_bind_blob(handle_, ++bound_, octets.data(), static_cast<int>(octets.size()), SQLITE_STATIC);
    return *this;
  }
  // A statement that is done or failed is reset at once: it must hold no transaction open.
  Step next() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return Step::kRow;
    sqlite3_reset(handle_);
    return code == SQLITE_DONE ? Step::kDone : Step::kFailed;
  }
  bool run() { return next() == Step::kDone; }
  int64_t number(int column) { return sqlite3_column_int64(handle_, column); }
  std::string text(int column) {
    const void* octets = sqlite3_column_blob(handle_, column);
    const auto size = static_cast<size_t>(sqlite3_column_bytes(handle_, column));
    return size == 0 ? std::string() : std::string(static_cast<const char*>(octets), size);
  }

 private:
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

Result<int64_t> query_number(Database& database, const char* sql, std::string_view doing) {
  Statement statement(database, sql);
  if (!statement.prepared()) return database.failed(doing);
  const Statement::Step step = statement.next();
  if (step == Statement::Step::kFailed) return database.failed(doing);
  return step == Statement::Step::kRow ? statement.number(0) : 0;
}

Result<std::string> query_text(Database& database, const char* sql, std::string_view doing) {
  Statement statement(database, sql);
  if (!statement.prepared() || statement.next() != Statement::Step::kRow) return database.failed(doing);
  return statement.text(0);
}

// What both kinds of connection read.
struct Queries {
  explicit Queries(Database& d)
      : database(d),
        meta(d, "SELECT head_sequence, head_hash, spool_id FROM meta"),
        events(d,
               "SELECT sequence, id, type, time_ms, body FROM events WHERE sequence > ? ORDER BY sequence "
               "LIMIT ?"),
        counts(d, "SELECT type, count(*) FROM events WHERE sequence > ? AND sequence <= ? GROUP BY type"),
        webhooks(d, "SELECT name, url_sha256, acked, disabled, not_before_ms FROM webhooks") {}

  bool prepared() const {
    return meta.prepared() && events.prepared() && counts.prepared() && webhooks.prepared();
  }

  Result<ChainHead> read_head(std::string* spool_id) {
    if (meta.start().next() != Statement::Step::kRow) return database.failed("read its head");
    ChainHead head{static_cast<uint64_t>(meta.number(0)), meta.text(1)};
    if (spool_id != nullptr) *spool_id = meta.text(2);
    meta.start();
    return head;
  }

  Result<std::vector<StoredEvent>> read_events(uint64_t after, uint64_t limit) {
    return collect(events.start().bind(after).bind(limit));
  }

  // Runs a bound statement of the columns of `events`.
  Result<std::vector<StoredEvent>> collect(Statement& statement) {
    std::vector<StoredEvent> list;
    for (;;) {
      const Statement::Step step = statement.next();
      if (step == Statement::Step::kFailed) return database.failed("read its events");
      if (step == Statement::Step::kDone) return list;
      StoredEvent event;
      event.sequence = static_cast<uint64_t>(statement.number(0));
      event.id = statement.text(1);
      event.type = parse_audit_type(statement.text(2)).value_or(AuditType::kAuditGap);
      event.time_ms = statement.number(3);
      event.body = statement.text(4);
      list.push_back(std::move(event));
    }
  }

  Result<TypeCounts> read_counts(uint64_t after, uint64_t through) {
    TypeCounts result{};
    counts.start().bind(after).bind(through);
    for (;;) {
      const Statement::Step step = counts.next();
      if (step == Statement::Step::kFailed) return database.failed("count its events");
      if (step == Statement::Step::kDone) return result;
      if (const auto type = parse_audit_type(counts.text(0)))
        result[static_cast<size_t>(*type)] = static_cast<uint64_t>(counts.number(1));
    }
  }

  Result<std::vector<WebhookRow>> read_webhooks() {
    std::vector<WebhookRow> rows;
    webhooks.start();
    for (;;) {
      const Statement::Step step = webhooks.next();
      if (step == Statement::Step::kFailed) return database.failed("read its webhooks");
      if (step == Statement::Step::kDone) return rows;
      rows.push_back({webhooks.text(0), webhooks.text(1), static_cast<uint64_t>(webhooks.number(2)),
                      webhooks.number(3) != 0, webhooks.number(4)});
    }
  }

  Database& database;
  Statement meta, events, counts, webhooks;
};

// Makes an empty file, so that it has its mode from the start; SQLite gives the log and the index the same
// mode. An existing file is not opened here: closing it would drop the locks of this process's other
// connections.
Result<void> make_file(const std::string& path) {
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

enum class Identity { kEmpty, kSpool };

Result<Identity> identify(Database& database, const std::string& path) {
  const std::string remedy = ": move it away, or name another file in audit.spool";
  auto application = query_number(database, "PRAGMA application_id", "read it");
  auto tables = query_number(database, "SELECT count(*) FROM sqlite_master", "read it");
  if (!application || !tables)
    return Error{(application ? tables.error() : application.error()).message + remedy};
  if (*application == 0 && *tables == 0) return Identity::kEmpty;
  if (*application != kApplicationId)
    return Error{"audit spool " + path + " is another program's database" + remedy};
  auto format = query_number(database, "PRAGMA user_version", "read it");
  if (!format) return format.error();
  if (*format != kFormat)
    return Error{"audit spool " + path + " has format " + std::to_string(*format) +
                 ", and this version reads format " + std::to_string(kFormat) + remedy};
  return Identity::kSpool;
}

Result<void> configure(Database& database, Durability durability, bool fresh) {
  if (fresh) {
    const std::string page_size = "PRAGMA page_size = " + std::to_string(kPageSize);
    if (auto done = database.run(page_size.c_str(), "set its page size"); !done) return done;
  }
  auto mode = query_text(database, "PRAGMA journal_mode = WAL", "use write-ahead logging");
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

Result<void> create(Database& database) {
  std::string sql = "BEGIN IMMEDIATE;";
  sql += kSchema;
  sql += "INSERT INTO meta VALUES (1, '" + uuid_v7() + "', 0, '" + ChainHead{}.hash + "');";
  sql += "PRAGMA application_id = " + std::to_string(kApplicationId) + ";";
  sql += "PRAGMA user_version = " + std::to_string(kFormat) + "; COMMIT";
  return database.run(sql.c_str(), "make its tables");
}

Result<void> check_pages(Database& database, const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || static_cast<uint64_t>(status.st_size) > kCheckedFileSize)
    return {};
  auto verdict = query_text(database, "PRAGMA quick_check(1)", "check its pages");
  if (!verdict) return verdict.error();
  if (*verdict != "ok") return Error{*verdict};
  return {};
}

Result<void> check_chain(Queries& queries, const ChainHead& head, uint64_t count) {
  auto events = queries.read_events(head.sequence > count ? head.sequence - count : 0, count + 1);
  if (!events) return events.error();
  ChainChecker checker;
  for (const StoredEvent& event : *events)
    if (auto link = checker.check(event.sequence, event.body); !link) return link;
  return checker.check_end(head);
}

// OR FAIL: whatever fails takes back the whole transaction, so that a statement needs no journal of its own.
std::string insert_rows(size_t count) {
  std::string sql = "INSERT OR FAIL INTO events (sequence, id, type, time_ms, body) VALUES (?, ?, ?, ?, ?)";
  for (size_t i = 1; i < count; ++i) sql += ", (?, ?, ?, ?, ?)";
  return sql;
}

}  // namespace

struct Spool::Impl {
  explicit Impl(std::unique_ptr<Database> d)
      : database(std::move(d)),
        queries(*database),
        inserts{{{*database, insert_rows(kRowsAtOnce).c_str()},
                 {*database, insert_rows(kRowsAtOnce / 4).c_str()},
                 {*database, insert_rows(1).c_str()}}},
        open_request(*database, "INSERT OR REPLACE INTO open_requests (request_id, attempted) VALUES (?, ?)"),
        close_request(*database, "DELETE FROM open_requests WHERE request_id = ?"),
        open_list(*database, "SELECT request_id, attempted FROM open_requests ORDER BY request_id"),
        put_webhook(*database,
                    "INSERT OR REPLACE INTO webhooks (name, url_sha256, acked, disabled, not_before_ms) "
                    "VALUES (?, ?, ?, ?, ?)"),
        forget_webhook(*database, "DELETE FROM webhooks WHERE name = ?"),
        remove_events(*database, "DELETE FROM events WHERE sequence <= ?"),
        removable(*database,
                  "WITH oldest AS (SELECT sequence, time_ms FROM events WHERE sequence <= ?1 ORDER BY "
                  "sequence LIMIT ?2) "
                  "SELECT max(sequence) FROM oldest WHERE sequence < ifnull("
                  "(SELECT min(sequence) FROM oldest WHERE time_ms >= ?3), 9223372036854775807)"),
        gaps(*database,
             "SELECT sequence, id, type, time_ms, body FROM events WHERE sequence > ? AND sequence <= ? "
             "AND type = 'audit.gap' ORDER BY sequence"),
        set_head(*database, "UPDATE meta SET head_sequence = ?, head_hash = ?"),
        begin(*database, "BEGIN IMMEDIATE"),
        commit(*database, "COMMIT") {}

  bool prepared() const {
    for (const Statement* statement :
         {&inserts[0], &inserts[1], &inserts[2], &open_request, &close_request, &open_list, &put_webhook,
          &forget_webhook, &remove_events, &removable, &gaps, &set_head, &begin, &commit})
      if (!statement->prepared()) return false;
    return queries.prepared();
  }
  bool put(std::span<const StoredEvent> events);
  bool track(const StoredEvent& event);
  bool put_rest(const SpoolChange& change);
  Error give_up();
  Result<void> checkpoint();

  std::unique_ptr<Database> database;
  Queries queries;
  std::array<Statement, 3> inserts;  // of many events, of a few, of one
  Statement open_request, close_request, open_list, put_webhook, forget_webhook, remove_events, removable,
      gaps, set_head, begin, commit;
  ChainHead head;
  std::string id;
  bool flushed = false;
  uint64_t log_pages = 0;
  std::string path;
  struct stat file {};
};

bool Spool::Impl::put(std::span<const StoredEvent> events) {
  size_t rows = kRowsAtOnce;
  auto insert = inserts.begin();
  for (auto left = events; !left.empty(); left = left.subspan(rows)) {
    for (; left.size() < rows; rows /= 4) ++insert;
    insert->start();
    for (const StoredEvent& event : left.first(rows)) {
      insert->bind(event.sequence).bind_text(event.id).bind_text(to_text(event.type));
      insert->bind_signed(event.time_ms).bind_blob(event.body);
    }
    if (!insert->run()) return false;
  }
  return std::all_of(events.begin(), events.end(), [this](const auto& event) { return track(event); });
}

// An attempted write is open until its outcome.
bool Spool::Impl::track(const StoredEvent& event) {
  if (event.request_id.empty()) return true;
  switch (event.type) {
    case AuditType::kRequestAttempted:
      return open_request.start().bind_text(event.request_id).bind_blob(event.body).run();
    case AuditType::kRequestForwarded:
    case AuditType::kRequestDenied:
    case AuditType::kRequestRefused:
    case AuditType::kRequestFailed: return close_request.start().bind_text(event.request_id).run();
    case AuditType::kPolicyReloaded:
    case AuditType::kPolicyRejected:
    case AuditType::kCredentialChanged:
    case AuditType::kCredentialRefused:
    case AuditType::kGateStarted:
    case AuditType::kGateStopped:
    case AuditType::kAuditGap:
    case AuditType::kLimitExceeded: return true;
  }
  return true;
}

// All of a change but its events.
bool Spool::Impl::put_rest(const SpoolChange& change) {
  for (const WebhookRow& row : change.webhooks) {
    put_webhook.start().bind_text(row.name).bind_text(row.url_sha256).bind(row.acked);
    if (!put_webhook.bind(row.disabled ? 1 : 0).bind_signed(row.not_before_ms).run()) return false;
  }
  for (const std::string& name : change.forgotten_webhooks)
    if (!forget_webhook.start().bind_text(name).run()) return false;
  if (change.remove_through > 0 && !remove_events.start().bind(change.remove_through).run()) return false;
  return set_head.start().bind(change.head.sequence).bind_text(change.head.hash).run();
}

// Says why a write failed, and takes back what the transaction did.
Error Spool::Impl::give_up() {
  Error error = database->failed("write");
  if (sqlite3_get_autocommit(database->handle()) == 0)
    sqlite3_exec(database->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  return error;
}

// Never waits for readers: what they still need is left for the next time.
Result<void> Spool::Impl::checkpoint() {
  int in_log = 0;
  int moved = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(database->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
  if (code != SQLITE_OK && code != SQLITE_BUSY) return database->failed("move its log into the main file");
  flushed = code == SQLITE_OK && in_log == moved;
  if (flushed) log_pages = 0;
  return {};
}

Spool::Spool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Spool::~Spool() = default;
const ChainHead& Spool::head() const { return impl_->head; }
const std::string& Spool::id() const { return impl_->id; }
bool Spool::flushed() const { return impl_->flushed; }

bool Spool::in_place() const {
  struct stat now {};
  return ::stat(impl_->path.c_str(), &now) == 0 && now.st_dev == impl_->file.st_dev &&
         now.st_ino == impl_->file.st_ino;
}

Result<std::unique_ptr<Spool>> Spool::open(const std::string& path, Durability durability, SpoolCheck check) {
  if (auto made = make_file(path); !made) return made.error();
  auto database = Database::open(path, SQLITE_OPEN_READWRITE);
  if (!database) return database.error();
  auto identity = identify(**database, path);
  if (!identity) return identity.error();
  if (auto done = configure(**database, durability, *identity == Identity::kEmpty); !done)
    return done.error();
  if (*identity == Identity::kEmpty)
    if (auto done = create(**database); !done) return done.error();

  const std::string damaged =
      "audit spool " + path + " is damaged: move it and its -wal file away to keep them, then start anew: ";
  if (check == SpoolCheck::kAll)
    if (auto sound = check_pages(**database, path); !sound) return Error{damaged + sound.error().message};
  auto impl = std::make_unique<Impl>(std::move(*database));
  if (!impl->prepared()) return Error{damaged + impl->database->failed("find its tables").message};
  auto head = impl->queries.read_head(&impl->id);
  if (!head) return Error{damaged + head.error().message};
  auto sound = check_chain(impl->queries, *head, check == SpoolCheck::kAll ? kCheckedEvents : 1);
  if (!sound) return Error{damaged + sound.error().message};
  impl->head = std::move(*head);
  impl->path = path;
  if (::stat(path.c_str(), &impl->file) != 0)
    return Error{"audit spool " + path + " was removed while it was opened"};
  if (auto done = impl->checkpoint(); !done) return done.error();
  sqlite3_wal_hook(
      impl->database->handle(),
      [](void* context, sqlite3*, const char*, int pages) {
        *static_cast<uint64_t*>(context) = static_cast<uint64_t>(pages);
        return SQLITE_OK;
      },
      &impl->log_pages);
  return std::unique_ptr<Spool>(new Spool(std::move(impl)));
}

Result<void> Spool::apply(const SpoolChange& change) {
  if (auto begun = begin(); !begun) return begun;
  if (auto done = put(change.events); !done) return done;
  return commit(change);
}

Result<void> Spool::begin() {
  if (!impl_->begin.start().run()) return impl_->database->failed("begin to write");
  return {};
}

Result<void> Spool::put(std::span<const StoredEvent> events) {
  if (!impl_->put(events)) return impl_->give_up();
  return {};
}

Result<void> Spool::commit(const SpoolChange& rest) {
  if (!impl_->put_rest(rest) || !impl_->commit.start().run()) return impl_->give_up();
  impl_->head = rest.head;
  return {};
}

Result<std::vector<WebhookRow>> Spool::webhooks() { return impl_->queries.read_webhooks(); }

Result<std::vector<OpenRequest>> Spool::open_requests() {
  std::vector<OpenRequest> list;
  impl_->open_list.start();
  for (;;) {
    const Statement::Step step = impl_->open_list.next();
    if (step == Statement::Step::kFailed) return impl_->database->failed("read its open requests");
    if (step == Statement::Step::kDone) return list;
    list.push_back({impl_->open_list.text(0), impl_->open_list.text(1)});
  }
}

Result<uint64_t> Spool::used_bytes() {
  auto pages = query_number(*impl_->database, "PRAGMA page_count", "read its size");
  auto free = query_number(*impl_->database, "PRAGMA freelist_count", "read its size");
  auto page_size = query_number(*impl_->database, "PRAGMA page_size", "read its size");
  if (!pages || !free || !page_size) return impl_->database->failed("read its size");
  return static_cast<uint64_t>((*pages - *free) * *page_size);
}

Result<uint64_t> Spool::removable(uint64_t through, int64_t before_ms, uint64_t limit) {
  impl_->removable.start().bind(through).bind(limit).bind_signed(before_ms);
  if (impl_->removable.next() != Statement::Step::kRow) return impl_->database->failed("look for old events");
  const int64_t sequence = impl_->removable.number(0);  // null reads as 0
  impl_->removable.start();
  return static_cast<uint64_t>(sequence);
}

Result<TypeCounts> Spool::count(uint64_t after, uint64_t through) {
  return impl_->queries.read_counts(after, through);
}

Result<std::vector<StoredEvent>> Spool::gaps(uint64_t after, uint64_t through) {
  return impl_->queries.collect(impl_->gaps.start().bind(after).bind(through));
}

Result<void> Spool::checkpoint_if_long() {
  if (impl_->log_pages < kLongLogPages) return {};
  return impl_->checkpoint();
}

struct SpoolReader::Impl {
  explicit Impl(std::unique_ptr<Database> d) : database(std::move(d)), queries(*database) {}
  std::unique_ptr<Database> database;
  Queries queries;
};

SpoolReader::SpoolReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpoolReader::~SpoolReader() = default;

Result<std::unique_ptr<SpoolReader>> SpoolReader::open(const std::string& path) {
  auto database = Database::open(path, SQLITE_OPEN_READONLY);
  if (!database) return database.error();
  auto identity = identify(**database, path);
  if (!identity) return identity.error();
  if (*identity == Identity::kEmpty)
    return Error{"audit spool " + path + " is empty: no gate has written to it yet"};
  auto impl = std::make_unique<Impl>(std::move(*database));
  if (!impl->queries.prepared()) return impl->database->failed("find its tables");
  return std::unique_ptr<SpoolReader>(new SpoolReader(std::move(impl)));
}

Result<std::vector<StoredEvent>> SpoolReader::read(uint64_t after, uint64_t limit) {
  return impl_->queries.read_events(after, limit);
}
Result<TypeCounts> SpoolReader::count(uint64_t after, uint64_t through) {
  return impl_->queries.read_counts(after, through);
}
Result<ChainHead> SpoolReader::head() { return impl_->queries.read_head(nullptr); }
Result<std::vector<WebhookRow>> SpoolReader::webhooks() { return impl_->queries.read_webhooks(); }

}  // namespace sluice
