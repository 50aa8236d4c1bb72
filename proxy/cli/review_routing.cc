#include "proxy/cli/review_routing.h"

#include "config/ascii.h"
#include "proxy/gate/routing.h"

namespace sluice {

void route_request(const Config& config, std::string_view target, ReviewRequest& request) {
  std::string_view host;
  for (const auto& [name, value] : request.headers) {
    if (equals_ignoring_case(name, "host")) host = value;
  }
  const auto routed = route(config.apis, host, target);
  if (!routed) return;
  request.api = routed->api;
  request.path = routed->path;
  request.query = routed->query;
}

}  // namespace sluice
