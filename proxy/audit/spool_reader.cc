#include "proxy/audit/spool_reader.h"

#include "proxy/audit/spool_file.h"
#include "proxy/audit/spool_queries.h"

namespace sluice {

struct SpoolReader::Impl {
  Impl(std::string p, std::unique_ptr<sqlite::Database> d)
      : path(std::move(p)),
        database(std::move(d)),
        queries(*database),
        rows(*database,
             "SELECT sequence, id, type, time_ms, body FROM events WHERE sequence >= ? ORDER BY sequence "
             "LIMIT ?"),
        first(*database, "SELECT sequence FROM events ORDER BY sequence LIMIT 1") {}
  bool prepared() const { return queries.prepared() && rows.prepared() && first.prepared(); }
  std::string path;
  std::unique_ptr<sqlite::Database> database;
  SpoolQueries queries;
  sqlite::Statement rows, first;
};

SpoolReader::SpoolReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpoolReader::~SpoolReader() = default;

Result<std::unique_ptr<SpoolReader>> SpoolReader::open(const std::string& path) {
  auto database = sqlite::Database::open(path, sqlite::Access::kReadOnly);
  if (!database) return database.error();
  auto identity = identify_spool(**database, path);
  if (!identity) return identity.error();
  if (*identity == SpoolIdentity::kEmpty)
    return Error{"audit spool " + path + " is empty: no gate has written to it yet"};
  auto impl = std::make_unique<Impl>(path, std::move(*database));
  if (!impl->prepared()) return impl->database->failed("find its tables");
  return std::unique_ptr<SpoolReader>(new SpoolReader(std::move(impl)));
}

Result<std::vector<StoredEvent>> SpoolReader::read(uint64_t after, uint64_t limit) {
  return impl_->queries.events(after, limit);
}
Result<std::vector<StoredEvent>> SpoolReader::read_back(uint64_t through, uint64_t limit) {
  return impl_->queries.newest(through, limit);
}
Result<std::vector<StoredRow>> SpoolReader::rows(int64_t from, uint64_t limit) {
  std::vector<StoredRow> rows;
  sqlite::Statement& next = impl_->rows.start().bind_signed(from).bind(limit);
  for (;;) {
    switch (next.next()) {
      case sqlite::Statement::Step::kFailed: return impl_->database->failed("read its events");
      case sqlite::Statement::Step::kDone: return rows;
      case sqlite::Statement::Step::kRow:
        rows.push_back({next.number(0), next.text(1), next.text(2), next.number(3), next.text(4)});
    }
  }
}
Result<int64_t> SpoolReader::first_sequence() {
  const sqlite::Statement::Step step = impl_->first.start().next();
  if (step == sqlite::Statement::Step::kFailed) return impl_->database->failed("read its events");
  const int64_t sequence = step == sqlite::Statement::Step::kRow ? impl_->first.number(0) : 0;
  impl_->first.start();
  return sequence;
}
Result<std::optional<std::string>> SpoolReader::fact(std::string_view name) {
  return impl_->queries.fact(name);
}
Result<TypeCounts> SpoolReader::count(uint64_t after, uint64_t through) {
  return impl_->queries.count(after, through);
}
Result<ChainHead> SpoolReader::head() { return impl_->queries.head(nullptr); }
Result<std::string> SpoolReader::id() {
  std::string id;
  auto head = impl_->queries.head(&id);
  if (!head) return head.error();
  return id;
}
Result<std::vector<WebhookRow>> SpoolReader::webhooks() { return impl_->queries.webhooks(); }
Result<std::vector<DeadLetter>> SpoolReader::dead_letters(std::string_view webhook, uint64_t after,
                                                          uint64_t limit) {
  return impl_->queries.dead_letters(webhook, after, limit);
}
Result<uint64_t> SpoolReader::count_dead_letters(std::string_view webhook) {
  return impl_->queries.count_dead_letters(webhook);
}
Result<void> SpoolReader::check_pages() { return check_spool_pages(*impl_->database, impl_->path, true); }

}  // namespace sluice
