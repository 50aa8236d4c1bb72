#include "config/address.h"
#include "config/config_parts.h"

namespace sluice {

RateLimitStoreConfig read_rate_limit_store(const Value& value, const ReadContext& context) {
  constexpr int64_t kMostReplicas = 1'000;
  RateLimitStoreConfig store;
  MapReader map(value, "rate_limit_store", context.findings);
  const Value* redis = map.required("redis");
  bool has_url = false;
  if (redis != nullptr) {
    if (const auto text = read_text(*redis, "redis", context.findings)) {
      auto url = parse_redis_url(*text);
      if (!url) context.findings.error(redis->at, "invalid-value", "redis: " + url.error().message);
      has_url = url.ok();
      if (has_url) store.redis = std::move(*url);
    }
  }
  if (const Value* password = map.optional("password")) {
    store.password = read_secret_ref(*password, "password", context);
  }
  const Value* ca = map.optional("ca");
  read_path(map, "ca", store.ca, context);
  if (ca != nullptr && has_url && !store.redis.tls) {
    context.findings.error(ca->at, "invalid-value",
                           "ca: a store without TLS has no certificate, use rediss://");
  }
  if (map.required("replicas") != nullptr) map.integer("replicas", store.replicas, 1, kMostReplicas);
  if (has_url && !store.redis.user.empty() && store.password.kind == SecretRef::Kind::kNone && map.is_map()) {
    context.findings.error(redis->at, "missing-key", "redis: a user name needs a password, give it one");
  }
  map.finish();
  return store;
}

}  // namespace sluice
