// SpoolQueries: what both connections of a spool read, the writer's and the readers'. Owner and thread: the
// connection's. Fails: every call says why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/audit/chain.h"
#include "proxy/audit/spool_rows.h"
#include "proxy/audit/sqlite.h"

namespace sluice {

class SpoolQueries {
 public:
  explicit SpoolQueries(sqlite::Database& database);
  bool prepared() const;

  // `spool_id` may be null.
  Result<ChainHead> head(std::string* spool_id);
  Result<std::vector<StoredEvent>> events(uint64_t after, uint64_t limit);
  // Up to a sequence, the newest first.
  Result<std::vector<StoredEvent>> newest(uint64_t through, uint64_t limit);
  // The audit.gap events with after < sequence <= through.
  Result<std::vector<StoredEvent>> gaps(uint64_t after, uint64_t through);
  // Events by type with after < sequence <= through.
  Result<TypeCounts> count(uint64_t after, uint64_t through);
  Result<std::vector<WebhookRow>> webhooks();
  Result<std::vector<OpenRequest>> open_requests();
  // Up to `limit` of a webhook's, after a sequence, in order.
  Result<std::vector<DeadLetter>> dead_letters(std::string_view webhook, uint64_t after, uint64_t limit);
  Result<uint64_t> count_dead_letters(std::string_view webhook);
  Result<std::optional<std::string>> fact(std::string_view name);

 private:
  Result<std::vector<StoredEvent>> collect(sqlite::Statement& statement);
  // Gives each row of a statement that was started and bound to `take`.
  template <class Take>
  Result<void> each(sqlite::Statement& statement, std::string_view doing, Take take);

  sqlite::Database& database_;
  sqlite::Statement meta_, events_, newest_, gaps_, counts_, webhooks_, open_requests_, dead_letters_, dead_count_,
      fact_;
};

}  // namespace sluice
