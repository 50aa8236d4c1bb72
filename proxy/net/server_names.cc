#include "proxy/net/server_names.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {

namespace {

bool is_wildcard(std::string_view pattern) { return pattern.starts_with("*."); }

}  // namespace

bool covers(std::string_view pattern, std::string_view host) {
  const std::string name = to_lower(host);
  if (!is_wildcard(pattern)) return !pattern.empty() && pattern == name;
  const size_t dot = name.find('.');
  return dot != std::string::npos && dot > 0 && std::string_view(name).substr(dot) == pattern.substr(1);
}

size_t choose_certificate(std::span<const std::vector<std::string>> names, std::string_view host) {
  for (const bool wildcard : {false, true}) {
    for (size_t i = 0; i < names.size(); ++i) {
      const bool fits =
          std::any_of(names[i].begin(), names[i].end(), [wildcard, host](const std::string& name) {
            return is_wildcard(name) == wildcard && covers(name, host);
          });
      if (fits) return i;
    }
  }
  return 0;
}

}  // namespace sluice
