#include "proxy/cli/simulate/delivery_check.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/address.h"
#include "config/ascii.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr int64_t kToleranceSeconds = 300;  // what the Standard Webhooks libraries use
constexpr std::string_view kSecretPrefix = "whsec_";

std::optional<int64_t> parse_seconds(std::string_view text) {
  int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, seconds);
  if (text.empty() || problem != std::errc() || stopped != end) return std::nullopt;
  return seconds;
}

// "" when the time is near enough.
std::string refuse_time(std::optional<int64_t> sent, int64_t now) {
  if (!sent || *sent < 0) return "the timestamp is missing or no number";
  if (*sent < now - kToleranceSeconds) return "the timestamp is more than 5 minutes old";
  if (*sent > now + kToleranceSeconds) return "the timestamp is more than 5 minutes ahead";
  return "";
}

// The parts between separators, empty ones left out.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string octets(const Sha256& digest) { return {digest.begin(), digest.end()}; }

}  // namespace

Result<DeliveryCheck> DeliveryCheck::make(std::vector<Secret> secrets) {
  DeliveryCheck check;
  check.secrets_ = std::move(secrets);
  for (const Secret& secret : check.secrets_) {
    std::string_view text = secret.reveal();
    const bool prefixed = text.substr(0, kSecretPrefix.size()) == kSecretPrefix;
    if (prefixed) text.remove_prefix(kSecretPrefix.size());
    std::optional<std::string> key = base64_decode(text);
    if (prefixed && (!key || key->empty()))
      return Error{"a secret that starts with whsec_ has to go on in base64"};
    check.keys_.emplace_back(key ? std::move(*key) : std::string(text));
  }
  return check;
}

std::string DeliveryCheck::refuse(const HttpRequest& request, int64_t now) const {
  if (!request.header("x-signature").empty()) return refuse_push(request, now);
  return refuse_standard(request, now);
}

std::string DeliveryCheck::refuse_standard(const HttpRequest& request, int64_t now) const {
  const std::string_view id = request.header("webhook-id");
  const std::string_view timestamp = request.header("webhook-timestamp");
  const std::string_view signatures = request.header("webhook-signature");
  if (id.empty() || signatures.empty()) return "webhook-id or webhook-signature is missing";
  if (std::string why = refuse_time(parse_seconds(timestamp), now); !why.empty()) return why;
  std::string content(id);
  content.append(".").append(timestamp).append(".").append(request.body);
  for (const Secret& key : keys_) {
    const std::string expected = "v1," + base64_encode(octets(hmac_sha256(key.reveal(), content)));
    for (const std::string_view signature : split(signatures, ' ')) {
      if (equal_in_constant_time(signature, expected)) return "";
    }
  }
  return "no signature fits";
}

std::string DeliveryCheck::refuse_push(const HttpRequest& request, int64_t now) const {
  std::string_view timestamp;
  std::vector<std::string> given;
  for (std::string_view part : split(request.header("x-signature"), ',')) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    if (part.substr(0, 2) == "t=") timestamp = part.substr(2);
    if (part.substr(0, 3) == "v1=") given.push_back(to_lower(part.substr(3)));
  }
  if (std::string why = refuse_time(parse_seconds(timestamp), now); !why.empty()) return why;
  const std::string content = std::string(timestamp) + "." + request.body;
  for (const Secret& secret : secrets_) {
    const std::string expected = hex(hmac_sha256(secret.reveal(), content));
    for (const std::string& signature : given) {
      if (equal_in_constant_time(signature, expected)) return "";
    }
  }
  return "no signature fits";
}

}  // namespace sluice
