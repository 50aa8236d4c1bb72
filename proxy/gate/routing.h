// routing: which API a request is for (interface 5). A Host that is in an API's `hosts` keeps the path as it
// is; otherwise the first path segment is the API's name and is taken off. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace sluice {

struct Route {
  size_t api = 0;          // index into Config::apis
  std::string_view path;   // the vendor's, without the query
  std::string_view query;  // without "?"
  bool has_query = false;  // "/x?" and "/x" differ
};

// A target in origin-form, of the first API.
Route split_target(std::string_view target);

// `host` is the Host field's value, port and all; `target` is in origin-form.
std::optional<Route> route(const std::vector<ApiConfig>& apis, std::string_view host,
                           std::string_view target);

}  // namespace sluice
