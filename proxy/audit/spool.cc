#include "proxy/audit/spool.h"

#include <sys/stat.h>

#include <algorithm>

#include "proxy/audit/spool_file.h"
#include "proxy/audit/spool_queries.h"

namespace sluice {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr uint64_t kLongLogPages = (4ULL << 20) / 8192;
constexpr uint64_t kCheckedEvents = 1000;

Result<void> check_chain(SpoolQueries& queries, const ChainHead& head, uint64_t count) {
  auto events = queries.events(head.sequence > count ? head.sequence - count : 0, count + 1);
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
        inserts{{{*database, insert_rows(kRowsAtOnce)},
                 {*database, insert_rows(kRowsAtOnce / 4)},
                 {*database, insert_rows(1)}}},
        open_request(*database, "INSERT OR REPLACE INTO open_requests (request_id, attempted) VALUES (?, ?)"),
        close_request(*database, "DELETE FROM open_requests WHERE request_id = ?"),
        put_webhook(*database,
                    "INSERT OR REPLACE INTO webhooks (name, url_sha256, acked, batch_through, disabled, "
                    "not_before_ms) VALUES (?, ?, ?, ?, ?, ?)"),
        forget_webhook(*database, "DELETE FROM webhooks WHERE name = ?"),
        put_dead_letter(*database,
                        "INSERT OR REPLACE INTO dead_letters (webhook, sequence, time_ms, reason, body) "
                        "VALUES (?, ?, ?, ?, ?)"),
        forget_dead_letters(*database, "DELETE FROM dead_letters WHERE webhook = ?"),
        remove_dead_letters(*database,
                            "DELETE FROM dead_letters WHERE rowid IN (SELECT rowid FROM dead_letters WHERE "
                            "time_ms < ? ORDER BY rowid LIMIT ?) RETURNING 1"),
        put_fact(*database, "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"),
        remove_events(*database, "DELETE FROM events WHERE sequence <= ?"),
        removable(*database,
                  "WITH oldest AS (SELECT sequence, time_ms FROM events WHERE sequence <= ?1 ORDER BY "
                  "sequence LIMIT ?2) "
                  "SELECT max(sequence) FROM oldest WHERE sequence < ifnull("
                  "(SELECT min(sequence) FROM oldest WHERE time_ms >= ?3), 9223372036854775807)"),
        set_head(*database, "UPDATE meta SET head_sequence = ?, head_hash = ?"),
        begin(*database, "BEGIN IMMEDIATE"),
        commit(*database, "COMMIT") {}

  bool prepared() const {
    for (const Statement* statement :
         {&inserts[0], &inserts[1], &inserts[2], &open_request, &close_request, &put_webhook, &forget_webhook,
          &put_dead_letter, &forget_dead_letters, &remove_dead_letters, &put_fact, &remove_events, &removable,
          &set_head, &begin, &commit})
      if (!statement->prepared()) return false;
    return queries.prepared();
  }
  bool put(std::span<const StoredEvent> events);
  bool track(const StoredEvent& event);
  bool put_rest(const SpoolChange& change);
  Error give_up();
  Result<void> checkpoint();

  std::unique_ptr<Database> database;
  SpoolQueries queries;
  std::array<Statement, 3> inserts;  // of many events, of a few, of one
  Statement open_request, close_request, put_webhook, forget_webhook, put_dead_letter, forget_dead_letters,
      remove_dead_letters, put_fact, remove_events, removable, set_head, begin, commit;
  ChainHead head;
  std::string id;
  bool flushed = false;
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
  if (event.request_id.empty() || !is_request_event(event.type)) return true;
  if (event.type == AuditType::kRequestAttempted)
    return open_request.start().bind_text(event.request_id).bind_blob(event.body).run();
  return close_request.start().bind_text(event.request_id).run();
}

// All of a change but its events.
bool Spool::Impl::put_rest(const SpoolChange& change) {
  for (const std::string& name : change.forgotten_webhooks)
    if (!forget_webhook.start().bind_text(name).run() || !forget_dead_letters.start().bind_text(name).run())
      return false;
  for (const WebhookRow& row : change.webhooks) {
    put_webhook.start().bind_text(row.name).bind_text(row.url_sha256).bind(row.acked).bind(row.batch_through);
    if (!put_webhook.bind(row.disabled ? 1 : 0).bind_signed(row.not_before_ms).run()) return false;
  }
  for (const DeadLetter& letter : change.dead_letters) {
    put_dead_letter.start().bind_text(letter.webhook).bind(letter.sequence).bind_signed(letter.time_ms);
    if (!put_dead_letter.bind_text(letter.reason).bind_blob(letter.body).run()) return false;
  }
  for (const Fact& fact : change.facts)
    if (!put_fact.start().bind_text(fact.name).bind_blob(fact.value).run()) return false;
  if (change.remove_through > 0 && !remove_events.start().bind(change.remove_through).run()) return false;
  return set_head.start().bind(change.head.sequence).bind_text(change.head.hash).run();
}

// Says why a write failed, and takes back what the transaction did.
Error Spool::Impl::give_up() {
  Error error = database->failed("write");
  if (database->in_transaction()) static_cast<void>(database->run("ROLLBACK", "take back"));
  return error;
}

// Never waits for readers: what they still need is left for the next time.
Result<void> Spool::Impl::checkpoint() {
  auto all = database->checkpoint();
  if (!all) return all.error();
  flushed = *all;
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

Result<std::unique_ptr<Spool>> Spool::open(const std::string& path, Durability durability, SpoolCheck check,
                                           bool* damaged) {
  const auto refuse = [&path, damaged](Database* spool, const std::string& why) {
    if (spool != nullptr) spool->keep_files();
    if (damaged != nullptr) *damaged = spool == nullptr || !spool->is_out_of_reach();
    return Error{"audit spool " + path +
                 " is damaged: move it and its -wal file away to keep them, then start anew: " + why};
  };
  if (auto made = make_spool_file(path); !made) return made.error();
  if (has_only_a_log(path)) return refuse(nullptr, "it is empty, and its log is not");
  auto database = Database::open(path, sqlite::Access::kReadWrite);
  if (!database) return database.error();
  auto identity = identify_spool(**database, path);
  if (!identity) return identity.error();
  if (auto done = configure_spool(**database, durability, *identity); !done) return done.error();
  if (*identity == SpoolIdentity::kEmpty)
    if (auto done = create_spool_tables(**database); !done) return done.error();

  Database* const spool = database->get();
  if (check == SpoolCheck::kAll)
    if (auto sound = check_spool_pages(*spool, path, false); !sound)
      return refuse(spool, sound.error().message);
  auto impl = std::make_unique<Impl>(std::move(*database));
  if (!impl->prepared()) return refuse(spool, spool->failed("find its tables").message);
  auto head = impl->queries.head(&impl->id);
  if (!head) return refuse(spool, head.error().message);
  auto sound = check_chain(impl->queries, *head, check == SpoolCheck::kAll ? kCheckedEvents : 1);
  if (!sound) return refuse(spool, sound.error().message);
  impl->head = std::move(*head);
  impl->path = path;
  if (::stat(path.c_str(), &impl->file) != 0)
    return Error{"audit spool " + path + " was removed while it was opened"};
  if (auto done = impl->checkpoint(); !done) return done.error();
  impl->database->watch_log();
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

Result<std::vector<WebhookRow>> Spool::webhooks() { return impl_->queries.webhooks(); }
Result<std::vector<OpenRequest>> Spool::open_requests() { return impl_->queries.open_requests(); }
Result<std::optional<std::string>> Spool::fact(std::string_view name) { return impl_->queries.fact(name); }

Result<uint64_t> Spool::used_bytes() {
  auto pages = impl_->database->number("PRAGMA page_count", "read its size");
  auto free = impl_->database->number("PRAGMA freelist_count", "read its size");
  auto page_size = impl_->database->number("PRAGMA page_size", "read its size");
  if (!pages || !free || !page_size) return impl_->database->failed("read its size");
  return static_cast<uint64_t>((*pages - *free) * *page_size);
}

Result<uint64_t> Spool::removable(uint64_t through, int64_t before_ms, uint64_t limit) {
  impl_->removable.start().bind(through).bind(limit).bind_signed(before_ms);
  if (impl_->removable.next() != Statement::Step::kRow) return impl_->database->failed("look for old events");
  const uint64_t sequence = impl_->removable.count(0);  // null reads as 0
  impl_->removable.start();
  return sequence;
}

Result<TypeCounts> Spool::count(uint64_t after, uint64_t through) {
  return impl_->queries.count(after, through);
}

Result<std::vector<StoredEvent>> Spool::gaps(uint64_t after, uint64_t through) {
  return impl_->queries.gaps(after, through);
}

Result<uint64_t> Spool::remove_dead_letters(int64_t before_ms, uint64_t limit) {
  uint64_t removed = 0;
  impl_->remove_dead_letters.start().bind_signed(before_ms).bind(limit);
  for (;;) {
    const Statement::Step step = impl_->remove_dead_letters.next();
    if (step == Statement::Step::kFailed) return impl_->database->failed("remove old dead letters");
    if (step == Statement::Step::kDone) return removed;
    ++removed;
  }
}

Result<void> Spool::checkpoint_if_long() {
  if (impl_->database->log_pages() < kLongLogPages) return {};
  return impl_->checkpoint();
}

}  // namespace sluice
