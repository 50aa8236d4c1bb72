// SpoolReader: reads a spool beside a running gate, or without one. Holds no transaction between calls.
// Owner and thread: its opener's. Fails: every call says why.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/result.h"
#include "proxy/audit/chain.h"
#include "proxy/audit/spool_rows.h"

namespace sluice {

class SpoolReader {
 public:
  static Result<std::unique_ptr<SpoolReader>> open(const std::string& path);
  ~SpoolReader();
  // Up to `limit` events after a sequence, in order.
  Result<std::vector<StoredEvent>> read(uint64_t after, uint64_t limit);
  // Up to `limit` events up to a sequence, the newest first.
  Result<std::vector<StoredEvent>> read_back(uint64_t through, uint64_t limit);
  // For who trusts nothing: up to `limit` rows from a sequence on, whatever stands in them.
  Result<std::vector<StoredRow>> rows(int64_t from, uint64_t limit);
  // 0 without an event.
  Result<int64_t> first_sequence();
  Result<std::optional<std::string>> fact(std::string_view name);
  Result<TypeCounts> count(uint64_t after, uint64_t through);
  Result<ChainHead> head();
  Result<std::string> id();
  Result<std::vector<WebhookRow>> webhooks();
  Result<std::vector<DeadLetter>> dead_letters(std::string_view webhook, uint64_t after, uint64_t limit);
  Result<uint64_t> count_dead_letters(std::string_view webhook);
  // Whether its pages are whole, all of them.
  Result<void> check_pages();

 private:
  struct Impl;
  explicit SpoolReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
