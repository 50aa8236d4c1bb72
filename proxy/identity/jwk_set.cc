#include "proxy/identity/jwk_set.h"

#include <algorithm>

#include "policy/json_view.h"
#include "proxy/crypto.h"

namespace sluice {

namespace {

using Type = JsonValue::Type;

constexpr size_t kMostKeys = 100;

// The text of a member, or nullptr.
const std::string* text_of(const JsonValue& object, std::string_view name) {
  const JsonValue* member = object.find(name);
  return member != nullptr && member->type == Type::kString ? &member->text : nullptr;
}

std::optional<std::string> octets_of(const JsonValue& object, std::string_view name) {
  const std::string* text = text_of(object, name);
  return text != nullptr ? base64url_decode(*text) : std::nullopt;
}

// Whether `use`, `key_ops` and `alg` let the key verify signatures (RFC 7517 4.2 to 4.4); absent ones do.
bool may_verify(const JsonValue& jwk, std::string_view algorithm) {
  if (jwk.find("use") != nullptr) {
    const std::string* use = text_of(jwk, "use");
    if (use == nullptr || *use != "sig") return false;
  }
  if (jwk.find("alg") != nullptr) {
    const std::string* alg = text_of(jwk, "alg");
    if (alg == nullptr || *alg != algorithm) return false;
  }
  const JsonValue* operations = jwk.find("key_ops");
  if (operations == nullptr) return true;
  return operations->type == Type::kArray &&
         std::any_of(operations->items.begin(), operations->items.end(), [](const JsonValue& operation) {
           return operation.type == Type::kString && operation.text == "verify";
         });
}

// nullopt: not usable.
std::optional<JwkKey> read_key(const JsonValue& jwk) {
  const std::string* kind = text_of(jwk, "kty");
  if (kind == nullptr) return std::nullopt;
  if (*kind == "RSA" && may_verify(jwk, "RS256")) {
    const auto n = octets_of(jwk, "n");
    const auto e = octets_of(jwk, "e");
    return n && e ? JwkKey::rsa(*n, *e) : std::nullopt;
  }
  const std::string* curve = text_of(jwk, "crv");
  if (*kind == "EC" && curve != nullptr && *curve == "P-256" && may_verify(jwk, "ES256")) {
    const auto x = octets_of(jwk, "x");
    const auto y = octets_of(jwk, "y");
    return x && y ? JwkKey::p256(*x, *y) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<JwkSet> JwkSet::parse(std::string_view text) {
  if (text.size() > kMostJwksOctets) return Error{"the key set is over 1MiB"};
  const auto json = parse_json_strictly(text, false);
  const JsonValue* keys = json && json->type == Type::kObject ? json->find("keys") : nullptr;
  if (keys == nullptr || keys->type != Type::kArray)
    return Error{"not a JWK Set: expected one JSON object with a list of keys"};
  JwkSet set;
  for (const JsonValue& jwk : keys->items) {
    if (jwk.type != Type::kObject) return Error{"not a JWK Set: a key is no JSON object"};
    // RFC 7518 6.2.2.1 and 6.3.2.1. Whoever reads the set could be any of the issuer's subjects.
    if (jwk.find("d") != nullptr)
      return Error{"the key set holds a private key: it may show public ones only"};
    auto key = read_key(jwk);
    if (!key) continue;
    if (set.keys_.size() == kMostKeys) return Error{"the key set has more than 100 keys"};
    Entry entry{std::nullopt, std::move(*key)};
    if (const std::string* kid = text_of(jwk, "kid")) entry.kid = *kid;
    if (entry.kid && set.find(entry.kid) != nullptr) return Error{"two keys of the set have one kid"};
    set.keys_.push_back(std::move(entry));
  }
  if (set.keys_.empty()) return Error{"the key set has no key for RS256 or ES256"};
  return set;
}

const JwkKey* JwkSet::find(const std::optional<std::string>& kid) const {
  if (!kid) return keys_.size() == 1 ? &keys_.front().key : nullptr;
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&kid](const Entry& entry) { return entry.kid == kid; });
  return found != keys_.end() ? &found->key : nullptr;
}

}  // namespace sluice
