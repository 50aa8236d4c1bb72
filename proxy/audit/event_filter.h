// EventFilter: which events a webhook wants: by type, and of request events by what they say (interface 2).
// Patterns are types without "io.sluice.": "request.denied", "request.*", or "*". No pattern means all. Pure
// value. Fails: an event that cannot be read is wanted, as far as its type is: a receiver rather gets one too
// many. Costs a parse of the event's JSON when there is a filter of content, and nothing else.
#pragma once

#include <bitset>
#include <string>
#include <vector>

#include "config/result.h"
#include "config/webhook.h"
#include "proxy/audit/chain.h"
#include "proxy/audit/record.h"

namespace sluice {

class EventFilter {
 public:
  // Fails for a pattern that fits no type: it would silently deliver nothing.
  static Result<EventFilter> make(const std::vector<std::string>& patterns, WebhookFilter content = {});
  // By type alone: whether there can be a wanted one of this type.
  bool matches(AuditType type) const { return types_[static_cast<size_t>(type)]; }
  bool matches(const StoredEvent& event) const;

 private:
  std::bitset<kAuditTypeCount> types_;
  WebhookFilter content_;  // only of request events
};

}  // namespace sluice
