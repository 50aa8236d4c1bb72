#include "proxy/gate/tunnelled.h"

#include "proxy/gate/connect_target.h"

namespace sluice {

namespace {

// Takes the upstream's own path off, whole segments only. False: the path is outside it.
bool take_base_path(std::string_view base, std::string_view& path) {
  if (!path.starts_with(base) || path.size() == base.size() || path[base.size()] != '/') return false;
  path.remove_prefix(base.size());
  return true;
}

}  // namespace

Reached reach(const Serving& serving, const Tunnelled* tunnel, const RequestHead& head) {
  if (tunnel == nullptr) {
    return {route(serving.config.apis, head.host, head.target), Problem::kUnknownApi,
            "no api has this host or path prefix"};
  }
  const ConnectHost* place =
      serving.connect ? find_place(serving.connect->hosts, tunnel->host, tunnel->port) : nullptr;
  if (place == nullptr) return {{}, Problem::kMisdirectedRequest, "this tunnel's host is no longer served"};
  // HTTP/1.0 may leave Host out: the tunnel says it (RFC 9112 3.3).
  if (!head.host.empty() && !names_place(head.host, tunnel->host, tunnel->port))
    return {{}, Problem::kMisdirectedRequest, "the host is another than this tunnel's"};
  Route found = split_target(head.target);
  found.api = place->api;
  const std::string& base = serving.config.apis[place->api].upstream.path;
  if (place->has_base_path && !base.empty() && !take_base_path(base, found.path))
    return {{}, Problem::kUnknownApi, "the path is outside the api's"};
  return {found, Problem::kUnknownApi, {}};
}

}  // namespace sluice
