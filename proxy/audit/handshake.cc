#include "proxy/audit/handshake.h"

#include <charconv>

namespace sluice {
namespace {

std::string_view header(const HttpResult& result, std::string_view wanted) {
  for (const auto& [name, value] : result.headers)
    if (name == wanted) return value;
  return {};
}

}  // namespace

void add_request_origin(HttpCall& call, std::string_view origin) {
  call.headers.emplace_back("WebHook-Request-Origin", origin);
}

Result<Millis> read_consent(const HttpResult& result, std::string_view origin) {
  if (!result.error.empty()) return Error{result.error};
  const std::string_view allowed = header(result, "webhook-allowed-origin");
  if (allowed.empty())
    return Error{"it gives no consent (no WebHook-Allowed-Origin in its answer to OPTIONS, status " +
                 std::to_string(result.status) + "): say handshake: false if it knows no such handshake"};
  if (allowed != "*" && allowed != origin)
    return Error{"it consents to another sender than " + std::string(origin)};
  const std::string_view rate = header(result, "webhook-allowed-rate");
  if (rate.empty() || rate == "*") return Millis(0);
  int64_t per_minute = 0;
  const auto [end, error] = std::from_chars(rate.data(), rate.data() + rate.size(), per_minute);
  if (error != std::errc() || end != rate.data() + rate.size() || per_minute < 1)
    return Error{"its WebHook-Allowed-Rate is neither a number of deliveries a minute nor *"};
  return Millis(60'000 / per_minute);
}

}  // namespace sluice
