#include "proxy/audit/event_filter.h"

namespace sluice {
namespace {

bool fits(std::string_view pattern, std::string_view type) {
  if (pattern == "*" || pattern == type) return true;
  return pattern.size() > 2 && pattern.ends_with(".*") &&
         type.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

Result<EventFilter> EventFilter::make(const std::vector<std::string>& patterns) {
  EventFilter filter;
  if (patterns.empty()) filter.types_.set();
  for (const std::string& pattern : patterns) {
    bool any = false;
    for (size_t i = 0; i < kAuditTypeCount; ++i) {
      if (!fits(pattern, to_text(static_cast<AuditType>(i)))) continue;
      filter.types_.set(i);
      any = true;
    }
    if (!any)
      return Error{"events: \"" + pattern +
                   "\" fits no event type: use a type such as request.denied, or a group such as request.*"};
  }
  return filter;
}

}  // namespace sluice
