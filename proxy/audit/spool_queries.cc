#include "proxy/audit/spool_queries.h"

namespace sluice {

using sqlite::Statement;

SpoolQueries::SpoolQueries(sqlite::Database& database)
    : database_(database),
      meta_(database, "SELECT head_sequence, head_hash, spool_id FROM meta"),
      events_(database,
              "SELECT sequence, id, type, time_ms, body FROM events WHERE sequence > ? ORDER BY sequence "
              "LIMIT ?"),
      newest_(database,
              "SELECT sequence, id, type, time_ms, body FROM events WHERE sequence BETWEEN 1 AND ? "
              "ORDER BY sequence DESC LIMIT ?"),
      gaps_(database,
            "SELECT sequence, id, type, time_ms, body FROM events WHERE sequence > ? AND sequence <= ? "
            "AND type = 'audit.gap' ORDER BY sequence"),
      counts_(database,
              "SELECT type, count(*) FROM events WHERE sequence > ? AND sequence <= ? GROUP BY type"),
      webhooks_(database,
                "SELECT name, url_sha256, acked, batch_through, disabled, not_before_ms FROM webhooks"),
      open_requests_(database, "SELECT request_id, attempted FROM open_requests ORDER BY request_id"),
      dead_letters_(database,
                    "SELECT webhook, sequence, time_ms, reason, body FROM dead_letters WHERE webhook = ? AND "
                    "sequence > ? ORDER BY sequence LIMIT ?"),
      dead_count_(database, "SELECT count(*) FROM dead_letters WHERE webhook = ?"),
      fact_(database, "SELECT value FROM facts WHERE name = ?") {}

bool SpoolQueries::prepared() const {
  for (const Statement* statement : {&meta_, &events_, &newest_, &gaps_, &counts_, &webhooks_, &open_requests_,
                                     &dead_letters_, &dead_count_, &fact_})
    if (!statement->prepared()) return false;
  return true;
}

template <class Take>
Result<void> SpoolQueries::each(Statement& statement, std::string_view doing, Take take) {
  for (;;) {
    switch (statement.next()) {
      case Statement::Step::kFailed: return database_.failed(doing);
      case Statement::Step::kDone: return {};
      case Statement::Step::kRow: take(statement);
    }
  }
}

Result<ChainHead> SpoolQueries::head(std::string* spool_id) {
  if (meta_.start().next() != Statement::Step::kRow) return database_.failed("read its head");
  ChainHead head{meta_.count(0), meta_.text(1)};
  if (spool_id != nullptr) *spool_id = meta_.text(2);
  meta_.start();
  return head;
}

Result<std::vector<StoredEvent>> SpoolQueries::collect(Statement& statement) {
  std::vector<StoredEvent> list;
  auto done = each(statement, "read its events", [&list](Statement& row) {
    StoredEvent& event = list.emplace_back();
    event.sequence = row.count(0);
    event.id = row.text(1);
    event.type = parse_audit_type(row.text(2)).value_or(AuditType::kAuditGap);
    event.time_ms = row.number(3);
    event.body = row.text(4);
  });
  if (!done) return done.error();
  return list;
}

Result<std::vector<StoredEvent>> SpoolQueries::events(uint64_t after, uint64_t limit) {
  return collect(events_.start().bind(after).bind(limit));
}

Result<std::vector<StoredEvent>> SpoolQueries::newest(uint64_t through, uint64_t limit) {
  return collect(newest_.start().bind(through).bind(limit));
}

Result<std::vector<StoredEvent>> SpoolQueries::gaps(uint64_t after, uint64_t through) {
  return collect(gaps_.start().bind(after).bind(through));
}

Result<TypeCounts> SpoolQueries::count(uint64_t after, uint64_t through) {
  TypeCounts result{};
  auto done = each(counts_.start().bind(after).bind(through), "count its events", [&result](Statement& row) {
    if (const auto type = parse_audit_type(row.text(0))) result[static_cast<size_t>(*type)] = row.count(1);
  });
  if (!done) return done.error();
  return result;
}

Result<std::vector<WebhookRow>> SpoolQueries::webhooks() {
  std::vector<WebhookRow> rows;
  auto done = each(webhooks_.start(), "read its webhooks", [&rows](Statement& row) {
    rows.push_back({row.text(0), row.text(1), row.count(2), row.count(3), row.number(4) != 0, row.number(5)});
  });
  if (!done) return done.error();
  return rows;
}

Result<std::vector<OpenRequest>> SpoolQueries::open_requests() {
  std::vector<OpenRequest> list;
  auto done = each(open_requests_.start(), "read its open requests", [&list](Statement& row) {
    list.push_back({row.text(0), row.text(1)});
  });
  if (!done) return done.error();
  return list;
}

Result<std::vector<DeadLetter>> SpoolQueries::dead_letters(std::string_view webhook, uint64_t after,
                                                           uint64_t limit) {
  std::vector<DeadLetter> list;
  Statement& bound = dead_letters_.start().bind_text(webhook).bind(after).bind(limit);
  auto done = each(bound, "read its dead letters", [&list](Statement& row) {
    list.push_back({row.text(0), row.count(1), row.number(2), row.text(3), row.text(4)});
  });
  if (!done) return done.error();
  return list;
}

Result<uint64_t> SpoolQueries::count_dead_letters(std::string_view webhook) {
  uint64_t count = 0;
  auto done = each(dead_count_.start().bind_text(webhook), "count its dead letters",
                   [&count](Statement& row) { count = row.count(0); });
  if (!done) return done.error();
  return count;
}

Result<std::optional<std::string>> SpoolQueries::fact(std::string_view name) {
  std::optional<std::string> value;
  auto done = each(fact_.start().bind_text(name), "read its facts",
                   [&value](Statement& row) { value = row.text(0); });
  if (!done) return done.error();
  return value;
}

}  // namespace sluice
