// address: the places that a configuration names: where to listen, and the URLs of vendors and webhooks.
// Pure functions: nothing is resolved or opened. Fail with a message that says what is allowed.
#pragma once

#include <string_view>

#include "config/model.h"
#include "config/result.h"

namespace sluice {

// "127.0.0.1:8080", "[::1]:8080", "name:8080", "unix:PATH" or "systemd:NAME". IP addresses come out in their
// shortest form.
Result<Address> parse_address(std::string_view text);
// The text that parse_address reads back.
std::string to_text(const Address& address);

// An http or https URL without user name, password and fragment. The host comes out in lower case, `path`
// with the query, and "" for none.
Result<UpstreamUrl> parse_url(std::string_view text);

// redis:// or rediss://, with a user name, a port and the number of a database if wanted; no password.
Result<RedisUrl> parse_redis_url(std::string_view text);

// A DNS name (underscores allowed, as in container names) or an IPv4 address. What resolvers take for an
// abbreviated IPv4 address (127.1, 0x7f000001) is neither.
bool is_host(std::string_view text);
// 127.0.0.0/8, ::1 or localhost.
bool is_loopback(std::string_view host);

}  // namespace sluice
