// RateLimitStoreConfig: where replicas of the gate share the vendors' limits (interface 2), defaults in
// place. Owner: the Config it is part of.
#pragma once

#include <cstdint>
#include <string>

#include "config/secret.h"

namespace sluice {

// Of redis://[user@]host[:port][/database], or rediss:// for TLS.
struct RedisUrl {
  bool tls = false;
  std::string host;  // without brackets
  uint16_t port = 6379;
  std::string user;  // empty: Redis' default user
  int64_t database = 0;
  bool operator==(const RedisUrl&) const = default;
};

// Where replicas of the gate share the vendors' limits.
struct RateLimitStoreConfig {
  RedisUrl redis;
  SecretRef password;    // optional
  std::string ca;        // PEM; empty: the system's store
  int64_t replicas = 1;  // how many processes there are at most
};

}  // namespace sluice
