#include "proxy/gate/connect_target.h"

#include <algorithm>
#include <charconv>

#include "config/ascii.h"
#include "config/ip.h"

namespace sluice {

namespace {

bool is_name_character(char c) {
  return is_alphanumeric(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}

// Without brackets and final dot, in lower case; an address in its shortest form.
std::optional<std::string> normal_host(std::string_view host) {
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return std::nullopt;
    const std::string_view inside = host.substr(1, host.size() - 2);
    const auto address = inside.find(':') == std::string_view::npos ? std::nullopt : parse_ip(inside);
    if (!address) return std::nullopt;
    return to_text(*address);
  }
  if (!std::all_of(host.begin(), host.end(), is_name_character)) return std::nullopt;
  if (host.ends_with('.')) host.remove_suffix(1);
  constexpr size_t kLongestName = 253;  // of a DNS name as text
  if (host.empty() || host.front() == '.' || host.back() == '.' || host.size() > kLongestName)
    return std::nullopt;
  return to_lower(host);
}

// Without a sign, white space or a needless zero.
std::optional<uint16_t> parse_port(std::string_view text) {
  if (!is_digits(text) || text.size() > 5 || text.front() == '0') return std::nullopt;
  uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  return read.ec == std::errc() ? std::optional(port) : std::nullopt;
}

// The position of the colon before the port; npos without one.
size_t port_colon(std::string_view authority) {
  const size_t end = authority.starts_with('[') ? authority.find(']') : 0;
  return end == std::string_view::npos ? end : authority.find(':', end);
}

}  // namespace

Result<ConnectTarget> parse_connect_target(std::string_view target) {
  if (target.find_first_of("/@?#") != std::string_view::npos)
    return Error{"the target of connect is host:port, without scheme, user and path"};
  const size_t colon = port_colon(target);
  if (colon == std::string_view::npos)
    return Error{"the target of connect is host:port: the port is missing"};
  const auto port = parse_port(target.substr(colon + 1));
  if (!port) return Error{"the port of connect is a number from 1 to 65535"};
  auto host = normal_host(target.substr(0, colon));
  if (!host) return Error{"the host of connect is a name, an ipv4 address, or an ipv6 address in brackets"};
  return ConnectTarget{std::move(*host), *port};
}

bool names_place(std::string_view host_field, std::string_view host, uint16_t port) {
  const size_t colon = port_colon(host_field);
  if (colon != std::string_view::npos && parse_port(host_field.substr(colon + 1)) != port) return false;
  return normal_host(host_field.substr(0, colon)) == host;
}

const ConnectHost* find_place(const std::vector<ConnectHost>& hosts, std::string_view host, uint16_t port) {
  const auto found = std::find_if(hosts.begin(), hosts.end(), [host, port](const ConnectHost& known) {
    return known.host == host && known.port == port;
  });
  return found == hosts.end() ? nullptr : &*found;
}

}  // namespace sluice
