#include "proxy/cli/simulate/routes.h"

#include <algorithm>

namespace sluice {

const std::string* Call::find(std::string_view name) const {
  for (const QueryText& parameter : query) {
    if (parameter.name == name) return &parameter.value;
  }
  return nullptr;
}

std::optional<std::vector<std::string>> match_route(std::string_view path_template, const DecodedPath& path) {
  std::vector<std::string> parameters;
  size_t index = 0;
  while (!path_template.empty()) {
    path_template.remove_prefix(1);
    const size_t end = std::min(path_template.find('/'), path_template.size());
    const std::string_view expected = path_template.substr(0, end);
    path_template.remove_prefix(end);
    if (index == path.segments.size()) return std::nullopt;
    if (expected.front() == '{') {
      if (path.segments[index].empty()) return std::nullopt;
      parameters.emplace_back(path.segments[index]);
    } else if (path.comparable()[index] != expected) {
      return std::nullopt;
    }
    ++index;
  }
  if (index != path.segments.size()) return std::nullopt;
  return parameters;
}

}  // namespace sluice
