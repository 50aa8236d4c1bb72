#include "proxy/audit/event_filter.h"

#include <algorithm>

#include "proxy/audit/formats/event_format.h"
#include "proxy/audit/formats/event_json.h"

namespace sluice {
namespace {

bool fits(std::string_view pattern, std::string_view type) {
  if (pattern == "*" || pattern == type) return true;
  return pattern.size() > 2 && pattern.ends_with(".*") &&
         type.starts_with(pattern.substr(0, pattern.size() - 1));
}

// Whether one of `found` is wanted. An empty list wants all.
bool any_of(const std::vector<std::string>& wanted, const std::vector<std::string>& found) {
  return wanted.empty() || std::any_of(found.begin(), found.end(), [&wanted](const std::string& name) {
           return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
         });
}

bool fits(const WebhookFilter& filter, const EventView& view) {
  return any_of(filter.apis, {view.text("api")}) && any_of(filter.access, {view.text("access")}) &&
         any_of(filter.decisions, {view.text("decision")}) && any_of(filter.clients, {view.text("client")}) &&
         any_of(filter.tags, view.texts("tags"));
}

}  // namespace

bool EventFilter::matches(const StoredEvent& event) const {
  if (!matches(event.type)) return false;
  if (content_.is_empty() || !is_request_event(event.type)) return true;
  const EventView view(event);
  return !view.is_readable || fits(content_, view);
}

Result<EventFilter> EventFilter::make(const std::vector<std::string>& patterns, WebhookFilter content) {
  EventFilter filter;
  filter.content_ = std::move(content);
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
