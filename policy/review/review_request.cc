#include "policy/review/review_request.h"

#include <algorithm>

#include "config/ascii.h"
#include "policy/methods.h"

namespace sluice {

std::optional<size_t> find_client(const Config& config, std::string_view name) {
  for (size_t client = 0; client < config.clients.size(); ++client) {
    if (config.clients[client].name == name) return client;
  }
  return std::nullopt;
}

RequestView view_of(const ReviewRequest& request, std::vector<HeaderView>& headers) {
  bool has_content_type = false;
  headers.clear();
  for (const auto& [name, value] : request.headers) {
    headers.push_back({name, value});
    has_content_type = has_content_type || equals_ignoring_case(name, "content-type");
  }
  if (!request.body.empty() && !has_content_type) headers.push_back({"Content-Type", "application/json"});
  RequestView view;
  view.api = request.api.value_or(0);
  view.client = request.client;
  view.method = request.method;
  view.path = request.path;
  view.query = request.query;
  view.headers = headers;
  view.source = request.source;
  view.at = request.at;
  return view;
}

Decision decide(const Engine& engine, const ReviewRequest& request) {
  if (auto refusal = refuse_unasked(request)) {
    Decision decision;
    decision.outcome = Outcome::kRefuse;
    decision.refusal = *std::move(refusal);
    return decision;
  }
  std::vector<HeaderView> headers;
  const RequestView view = view_of(request, headers);
  const Target target = engine.resolve(view);
  if (!engine.needs_body(target, view)) return engine.decide(target, view, std::nullopt);
  return engine.decide(target, view, request.body);
}

std::optional<Refusal> refuse_unasked(const ReviewRequest& request) {
  if (auto refusal = refuse_method(request.method)) return refusal;
  if (request.api) return std::nullopt;
  return Refusal{404, "unknown-api", "neither the host nor the first segment of the path names an API"};
}

}  // namespace sluice
