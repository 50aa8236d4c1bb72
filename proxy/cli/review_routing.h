// review_routing: a described request finds its API by the gate's own rules: by its Host header, or by the
// prefix of its path. Shared by the commands that take requests from people. Pure.
#pragma once

#include <string_view>

#include "config/model.h"
#include "policy/review/review_request.h"

namespace sluice {

// Sets the request's api, path and query; leaves them alone when no API fits. Requires: its headers are set.
void route_request(const Config& config, std::string_view target, ReviewRequest& request);

}  // namespace sluice
