#include "config/address.h"

#include <algorithm>
#include <charconv>

#include "config/ascii.h"
#include "config/ip.h"

namespace sluice {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kLongestUnixPath = 107;  // sun_path with its final NUL, unix(7)
constexpr std::string_view kPassedPrefix = "systemd:";
constexpr size_t kLongestPassedName = 255;  // FDNAME of sd_notify(3)
constexpr std::string_view kForms = "HOST:PORT, [IPV6]:PORT, unix:PATH or systemd:NAME";

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

// A last label that inet_aton would read as a number (WHATWG URL, "ends in a number").
bool looks_numeric(std::string_view label) {
  if (label.substr(0, 2) == "0x" || label.substr(0, 2) == "0X") return true;
  return std::all_of(label.begin(), label.end(), is_digit);
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const bool digits = !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
  if (!digits) return std::nullopt;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} ? std::optional(port) : std::nullopt;
}

struct HostAndPort {
  std::string host;
  bool is_v6 = false;
  std::optional<std::string_view> port;  // as written
};

// Splits "host", "host:port", "[v6]" and "[v6]:port".
Result<HostAndPort> split_host(std::string_view text) {
  HostAndPort out;
  std::string_view rest;
  if (text.substr(0, 1) == "[") {
    const size_t end = text.find(']');
    auto ip = end == std::string_view::npos ? std::nullopt : parse_ip(text.substr(1, end - 1));
    if (!ip) return Error{"no IPv6 address between [ and ]"};
    out.host = to_text(*ip);
    out.is_v6 = !ip->is_v4();
    rest = text.substr(end + 1);
    if (!rest.empty() && rest[0] != ':') return Error{"only :PORT may follow ]"};
  } else {
    const size_t colon = text.find(':');
    const std::string_view host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    if (rest.find(':', 1) != std::string_view::npos)
      return Error{"an IPv6 address stands in brackets, as in [::1]"};
    if (!is_host(host))
      return Error{"the host must be a name, an IPv4 address, or an IPv6 address in brackets"};
    out.host = to_lower(host);
  }
  if (!rest.empty()) out.port = rest.substr(1);
  return out;
}

bool is_target_character(char c) {
  return is_visible(c) && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

// As systemd takes them (sd_notify(3), FDNAME).
bool is_passed_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestPassedName &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~' && c != ':'; });
}

}  // namespace

bool is_host(std::string_view text) {
  if (text.size() > 253) return false;
  if (auto ip = parse_ip(text)) return text.find(':') == std::string_view::npos;
  const size_t last_dot = text.rfind('.');
  if (looks_numeric(last_dot == std::string_view::npos ? text : text.substr(last_dot + 1))) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_loopback(std::string_view host) {
  if (to_lower(host) == "localhost") return true;
  auto ip = parse_ip(host);
  if (!ip) return false;
  return parse_cidr("127.0.0.0/8")->contains(*ip) || parse_cidr("::1")->contains(*ip);
}

Result<Address> parse_address(std::string_view text) {
  Address address;
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
    address.unix_path = text.substr(kUnixPrefix.size());
    if (address.unix_path.empty() || address.unix_path.size() > kLongestUnixPath) {
      return Error{"the path after unix: must have 1 to " + std::to_string(kLongestUnixPath) + " characters"};
    }
    return address;
  }
  if (text.substr(0, kPassedPrefix.size()) == kPassedPrefix) {
    address.passed_name = text.substr(kPassedPrefix.size());
    if (!is_passed_name(address.passed_name)) {
      return Error{"the name after systemd: must be a FileDescriptorName=, of 1 to " +
                   std::to_string(kLongestPassedName) + " printable characters without a colon"};
    }
    return address;
  }
  auto place = split_host(text);
  if (!place) return Error{place.error().message + ", use " + std::string(kForms)};
  auto port = place->port ? parse_port(*place->port) : std::nullopt;
  if (!port) return Error{"a port from 0 to 65535 is missing, use " + std::string(kForms)};
  address.host = std::move(place->host);
  address.port = *port;
  return address;
}

std::string to_text(const Address& address) {
  if (!address.unix_path.empty()) return std::string(kUnixPrefix) + address.unix_path;
  if (!address.passed_name.empty()) return std::string(kPassedPrefix) + address.passed_name;
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Result<UpstreamUrl> parse_url(std::string_view text) {
  UpstreamUrl url;
  const size_t scheme_end = text.find("://");
  const std::string scheme = to_lower(text.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
  if (scheme != "https" && scheme != "http")
    return Error{"expected a URL that starts with https:// or http://"};
  url.tls = scheme == "https";
  const uint16_t default_port = url.tls ? 443 : 80;

  std::string_view rest = text.substr(scheme_end + 3);
  const size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  const std::string_view target = rest.substr(authority_end);
  // Not quoted in the message: it may hold a password.
  if (authority.find('@') != std::string_view::npos)
    return Error{"a URL must not hold a user name or a password"};
  if (target.find('#') != std::string_view::npos) return Error{"a URL must not have a fragment (#)"};
  if (!std::all_of(target.begin(), target.end(), is_target_character)) {
    return Error{"the path holds a character that must be percent-encoded"};
  }
  auto place = split_host(authority);
  if (!place) return place.error();
  auto port = place->port ? parse_port(*place->port) : std::optional(default_port);
  if (!port || *port == 0) return Error{"the port must be a number from 1 to 65535"};

  url.port = *port;
  url.host = std::move(place->host);
  url.path = target;
  url.authority = place->is_v6 ? "[" + url.host + "]" : url.host;
  if (url.port != default_port) url.authority += ":" + std::to_string(url.port);
  return url;
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  constexpr int64_t kMostDatabases = 65'536;
  RedisUrl url;
  const size_t scheme_end = text.find("://");
  const std::string scheme = to_lower(text.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
  if (scheme != "redis" && scheme != "rediss") {
    return Error{"expected a URL that starts with redis:// or rediss://"};
  }
  url.tls = scheme == "rediss";
  std::string_view rest = text.substr(scheme_end + 3);
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    // Not quoted in the message: it may be a password.
    if (rest.substr(0, at).find_first_of(":/") != std::string_view::npos) {
      return Error{"a URL must not hold a password, use password: { env: NAME } or { file: PATH }"};
    }
    url.user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return Error{"a URL of a store has no query and no fragment"};
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  auto place = split_host(rest.substr(0, slash));
  if (!place) return place.error();
  auto port = place->port ? parse_port(*place->port) : std::optional(url.port);
  if (!port || *port == 0) return Error{"the port must be a number from 1 to 65535"};
  url.port = *port;
  url.host = std::move(place->host);
  const std::string_view database = rest.substr(std::min(slash + 1, rest.size()));
  const char* end = database.data() + database.size();
  if (database.empty()) return url;
  const auto read = std::from_chars(database.data(), end, url.database);
  if (read.ec != std::errc() || read.ptr != end || url.database < 0 || url.database >= kMostDatabases) {
    return Error{"the path must be the number of a database, 0 to 65535"};
  }
  return url;
}

}  // namespace sluice
