// The Host guard of the admin port.
#include <algorithm>
#include <optional>

#include "config/ascii.h"
#include "config/ip.h"
#include "proxy/admin/admin.h"

namespace sluice {
namespace {

// Without the port and the brackets of an IPv6 literal, which only such a literal may have. nullopt when it
// is no host.
std::optional<std::string_view> host_without_port(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const size_t end = bracketed ? host.find(']') : host.find(':');
  if (bracketed && end == std::string_view::npos) return std::nullopt;
  std::string_view rest = end == std::string_view::npos ? "" : host.substr(bracketed ? end + 1 : end);
  if (!rest.empty()) {
    if (rest.front() != ':') return std::nullopt;
    rest.remove_prefix(1);
    if (!std::all_of(rest.begin(), rest.end(), is_digit)) return std::nullopt;
  }
  if (!bracketed) return host.substr(0, end);
  const std::string_view literal = host.substr(1, end - 1);
  return literal.find(':') == std::string_view::npos ? std::nullopt : std::optional(literal);
}

// In lower case, and without the dot that ends a fully qualified name.
std::string canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

}  // namespace

bool admin_host_allowed(std::string_view host, const std::vector<std::string>& hosts) {
  const auto bare = host_without_port(host);
  if (!bare || bare->empty()) return false;
  if (parse_ip(*bare)) return true;
  const std::string name = canonical_name(*bare);
  return name == "localhost" || std::any_of(hosts.begin(), hosts.end(), [&name](const std::string& allowed) {
           return canonical_name(allowed) == name;
         });
}

}  // namespace sluice
