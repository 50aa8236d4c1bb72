// LatestDenials: the last requests that policy denied, and the last that were refused or failed, as JSON, for
// people who look. Two rings, so that a flood of refusals pushes no denial out. An entry has what the audit's
// event says, without query and body, and each text in it is cut: an entry is at most 8 KiB. Owner: the gate.
// Thread: any; a lock is held for one copy. Costs nothing for requests that were let through.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/audit/record.h"
#include "proxy/json_text.h"

namespace sluice {

struct Denial {
  uint64_t id = 0;   // ascends, also over restarts: it counts from the start's Unix time in microseconds
  std::string json;  // on one line
};

class LatestDenials {
 public:
  static constexpr size_t kMost = 50;  // of each ring

  explicit LatestDenials(int64_t start_ms);

  // Keeps it if it is a denial, a refusal or a failure. Memory is used again.
  void add(const AuditRecord& record);
  // Those after this one, oldest first; 0: all.
  std::vector<Denial> after(uint64_t id) const;
  // 0: none yet.
  uint64_t newest() const { return newest_.load(std::memory_order_relaxed); }

 private:
  struct Ring {
    std::array<Denial, kMost> entries;
    size_t next = 0;
  };

  mutable std::mutex mutex_;  // guards what follows, and the order of newest_
  Ring denied_, others_;
  JsonText scratch_;
  uint64_t next_id_;
  std::atomic<uint64_t> newest_{0};
};

// At most `most` octets of it and a mark if there was more; cut between characters.
std::string cut_text(std::string_view text, size_t most);

}  // namespace sluice
