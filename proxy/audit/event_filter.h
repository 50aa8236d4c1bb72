// EventFilter: which event types a webhook wants. Patterns are types without "io.sluice.": "request.denied",
// "request.*", or "*". No pattern means all. Pure value.
#pragma once

#include <bitset>
#include <string>
#include <vector>

#include "config/result.h"
#include "proxy/audit/record.h"

namespace sluice {

class EventFilter {
 public:
  // Fails for a pattern that fits no type: it would silently deliver nothing.
  static Result<EventFilter> make(const std::vector<std::string>& patterns);
  bool matches(AuditType type) const { return types_[static_cast<size_t>(type)]; }

 private:
  std::bitset<kAuditTypeCount> types_;
};

}  // namespace sluice
