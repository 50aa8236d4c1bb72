#include "proxy/gate/routing.h"

#include "config/ascii.h"
#include "proxy/http/header_ids.h"

namespace sluice {

namespace {

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

Route split_target(std::string_view target) {
  Route route;
  const size_t question = target.find('?');
  route.has_query = question != std::string_view::npos;
  if (route.has_query) route.query = target.substr(question + 1);
  route.path = target.substr(0, question);
  return route;
}

std::optional<Route> route(const std::vector<ApiConfig>& apis, std::string_view host,
                           std::string_view target) {
  Route route = split_target(target);
  std::string_view name = without_port(host);
  if (name.ends_with('.')) name.remove_suffix(1);
  for (size_t i = 0; i < apis.size(); ++i) {
    for (const std::string& known : apis[i].hosts) {
      if (!equals_ignoring_case(name, known)) continue;
      route.api = i;
      return route;
    }
  }
  for (size_t i = 0; i < apis.size(); ++i) {
    const std::string& prefix = apis[i].name;
    if (route.path.size() <= prefix.size() + 1 || route.path[prefix.size() + 1] != '/') continue;
    if (route.path.substr(1, prefix.size()) != prefix) continue;
    route.api = i;
    route.path.remove_prefix(prefix.size() + 1);
    return route;
  }
  return std::nullopt;
}

}  // namespace sluice
