// routes: which handler of a simulated API takes a request. The first route that fits wins, so literal paths
// stand before the templates that they fit too. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/path.h"
#include "proxy/http/http_server.h"

namespace sluice {

// A request on its way to a handler. Views into the request: valid during the call.
struct Call {
  struct QueryText {
    std::string name, value;
  };
  std::vector<std::string> parameters;  // of the path, in order, decoded
  std::vector<QueryText> query;
  std::string_view body;

  // The first value of a query parameter, or nullptr.
  const std::string* find(std::string_view name) const;
};

template <class Api>
struct VendorRoute {
  std::string_view method;
  std::string_view path;  // "/v1/apps/{id}"
  HttpResponse (Api::*handle)(const Call&);
};

// The parameters, or nullopt when the path does not fit the template.
std::optional<std::vector<std::string>> match_route(std::string_view path_template, const DecodedPath& path);

// The answer, or nullopt when no route fits. `fold`: paths and query names are compared without case.
template <class Api, size_t kCount>
std::optional<HttpResponse> take_route(Api& api, const VendorRoute<Api> (&routes)[kCount],
                                       const HttpRequest& request, bool fold) {
  const Result<DecodedPath> path = decode_path(request.path, fold);
  const Result<DecodedQuery> query = decode_query(request.query, fold);
  if (!path || !query) return std::nullopt;
  for (const VendorRoute<Api>& route : routes) {
    if (route.method != request.method) continue;
    std::optional<std::vector<std::string>> parameters = match_route(route.path, *path);
    if (!parameters) continue;
    Call call{std::move(*parameters), {}, request.body};
    for (const QueryParameter& parameter : query->parameters)
      call.query.push_back({std::string(parameter.name), std::string(parameter.value)});
    return (api.*route.handle)(call);
  }
  return std::nullopt;
}

}  // namespace sluice
