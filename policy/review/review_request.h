// ReviewRequest: a request that somebody describes rather than sends: for `explain`, policy tests and
// examples of `diff`. Off the request path.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/ip.h"
#include "config/model.h"
#include "policy/engine.h"

namespace sluice {

struct ReviewRequest {
  size_t client = 0;  // index into Config::clients
  std::string method;
  std::optional<size_t> api;  // index into Config::apis; nullopt: neither host nor prefix names one
  std::string path;           // the vendor's, base path included, without the API's prefix
  std::string query;          // without "?"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // empty: none; implies Content-Type: application/json unless `headers` has one
  IpAddress source;
  std::chrono::system_clock::time_point at;
};

// The client's index, or nullopt.
std::optional<size_t> find_client(const Config& config, std::string_view name);

// The request as the engine takes it. `headers` is storage for the view, which is valid while both arguments
// are. Requires: request.api.
RequestView view_of(const ReviewRequest& request, std::vector<HeaderView>& headers);

// What the gate decides on it: the engine's decision, or the refusal before the engine is asked.
Decision decide(const Engine& engine, const ReviewRequest& request);
// When the method is not served, or no API fits; else nullopt.
std::optional<Refusal> refuse_unasked(const ReviewRequest& request);

}  // namespace sluice
