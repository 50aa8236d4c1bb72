#include "proxy/cli/simulate/traffic.h"

#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr size_t kMaxWrites = 100'000;

}  // namespace

void Traffic::record(const HttpRequest& request, int status, std::string_view key) {
  ++requests_;
  ++statuses_[status];
  ++keys_[key];
  if (request.method == "GET" || request.method == "HEAD") return;
  writes_.push_back({request.method, request.path, hex(sha256(request.body)),
                     std::string(request.header("sluice-request-id")), key, status});
  if (writes_.size() > kMaxWrites) writes_.pop_front();
}

Json Traffic::to_json() const {
  const auto rejected = statuses_.find(429);
  Json statuses = Json::object();
  for (const auto& [status, count] : statuses_) statuses[std::to_string(status)] = count;
  Json keys = Json::object();
  for (const auto& [key, count] : keys_) keys[std::string(key)] = count;
  Json writes = Json::array();
  for (const Write& write : writes_) {
    Json& item = writes.emplace_back(Json::object());
    item["method"] = write.method;
    item["path"] = write.path;
    item["status"] = write.status;
    item["body_sha256"] = write.body_sha256;
    item["sluice_request_id"] = write.request_id.empty() ? Json() : Json(write.request_id);
    item["key"] = write.key;
  }
  Json stats{{"requests", requests_},
             {"rejected_429", rejected == statuses_.end() ? 0 : rejected->second},
             {"statuses", std::move(statuses)},
             {"keys", std::move(keys)}};
  stats["writes"] = std::move(writes);  // not in the list above: an initializer list copies
  return stats;
}

}  // namespace sluice
