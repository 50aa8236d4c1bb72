#include "proxy/audit/signature.h"

#include <algorithm>

#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr std::string_view kStandardPrefix = "whsec_";

std::string upper_hex(const Sha256& digest) {
  std::string text = hex(digest);
  for (char& c : text)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

Result<Secret> standard_key(std::string_view secret) {
  if (secret.starts_with(kStandardPrefix)) secret.remove_prefix(kStandardPrefix.size());
  auto key = base64_decode(secret);
  if (!key || key->empty())
    return Error{
        "the secret is not whsec_ followed by base64: take one that the receiver made, or signature: none"};
  return Secret(std::move(*key));
}

std::string text_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Result<Signer> Signer::make(WebhookSignature scheme, const std::vector<Secret>& secrets) {
  Signer signer;
  signer.scheme_ = scheme;
  if (scheme == WebhookSignature::kNone) return signer;
  if (secrets.empty()) return Error{"there is no secret to sign with: give secret, or signature: none"};
  for (const Secret& secret : secrets) {
    if (scheme == WebhookSignature::kPush) {
      signer.keys_.push_back(secret);
      continue;
    }
    auto key = standard_key(secret.reveal());
    if (!key) return key.error();
    signer.keys_.push_back(std::move(*key));
  }
  return signer;
}

bool Signer::operator==(const Signer& other) const {
  return scheme_ == other.scheme_ &&
         std::equal(keys_.begin(), keys_.end(), other.keys_.begin(), other.keys_.end(),
                    [](const Secret& a, const Secret& b) { return a.equals(b.reveal()); });
}

std::pair<std::string, std::string> Signer::sign(std::string_view id, int64_t unix_seconds,
                                                 std::string_view body) const {
  const std::string time = std::to_string(unix_seconds);
  std::string value;
  std::string text;
  switch (scheme_) {
    case WebhookSignature::kNone: return {};
    case WebhookSignature::kStandard:
      text.append(id).append(".").append(time).append(".").append(body);
      for (const Secret& key : keys_) {
        if (!value.empty()) value += ' ';
        value += "v1," + base64_encode(text_of(hmac_sha256(key.reveal(), text)));
      }
      return {"webhook-signature", value};
    case WebhookSignature::kPush:
      text.append(time).append(".").append(body);
      value = "t=" + time;
      for (const Secret& key : keys_) value += ",v1=" + upper_hex(hmac_sha256(key.reveal(), text));
      return {"X-Signature", value};
  }
  return {};
}

}  // namespace sluice
