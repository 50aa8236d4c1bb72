// EntryQueue: records on their way to the spool, in order. What is dropped stays as a spent entry, whose
// memory the next record uses: records go round between the loops and the audit thread without allocation.
// Owner: SpoolWriter. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/audit/audit_log.h"

namespace sluice {

struct AuditEntry {
  std::unique_ptr<AuditRecord> record;
  // Set when it is first made an event: an attempt that failed may have been kept after all.
  std::string id;
  AuditWaiter* waiter = nullptr;
  uint64_t token = 0;
};

class EntryQueue {
 public:
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  AuditEntry& operator[](size_t index) { return entries_[begin_ + index]; }

  // Returns the record of the spent entry, or null.
  std::unique_ptr<AuditRecord> add(std::unique_ptr<AuditRecord> record, AuditWaiter* waiter, uint64_t token) {
    AuditEntry& entry = spent();
    std::swap(entry.record, record);
    entry.id.clear();
    entry.waiter = waiter;
    entry.token = token;
    return record;
  }

  void drop_front(size_t count) {
    begin_ += count;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    } else if (begin_ < std::max(kMostSpent, size())) {
      return;
    }
    // The spent ones go behind the others.
    std::rotate(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(begin_), entries_.end());
    end_ -= begin_;
    begin_ = 0;
    if (entries_.size() - end_ <= kMostSpent) return;
    entries_.resize(end_ + kMostSpent);
    entries_.shrink_to_fit();
  }

  // Appends what `other` holds; it is empty afterwards.
  void take_all(EntryQueue& other) {
    if (empty()) {
      std::swap(*this, other);
      return;
    }
    for (size_t i = 0; i < other.size(); ++i) std::swap(spent(), other[i]);
    other.drop_front(other.size());
  }

 private:
  // As many as a group has, of about 1 KiB each: what a burst has left behind is given back.
  static constexpr size_t kMostSpent = 1024;

  AuditEntry& spent() {
    if (end_ == entries_.size()) entries_.emplace_back();
    return entries_[end_++];
  }

  std::vector<AuditEntry> entries_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace sluice
