#include "proxy/identity/jwt_check.h"

#include <algorithm>

namespace sluice {

namespace {

using Type = JsonValue::Type;
using Seconds = std::chrono::duration<double>;

// NumericDate (RFC 7519 2): seconds since 1970, perhaps with a fraction.
bool is_number(const JsonValue& value) { return value.type == Type::kInteger || value.type == Type::kNumber; }

std::optional<JwtAlgorithm> algorithm_named(std::string_view name) {
  if (name == "RS256") return JwtAlgorithm::kRs256;
  if (name == "ES256") return JwtAlgorithm::kEs256;
  return std::nullopt;
}

AuthFailure check_audience(const JsonValue* audience, const std::vector<std::string>& ours) {
  if (audience == nullptr) return AuthFailure::kJwtWrongAudience;
  const auto is_ours = [&ours](const JsonValue& value) {
    return std::find(ours.begin(), ours.end(), value.text) != ours.end();
  };
  const auto is_text = [](const JsonValue& value) { return value.type == Type::kString; };
  if (is_text(*audience)) return is_ours(*audience) ? AuthFailure::kNone : AuthFailure::kJwtWrongAudience;
  if (audience->type != Type::kArray ||
      !std::all_of(audience->items.begin(), audience->items.end(), is_text)) {
    return AuthFailure::kJwtMalformed;
  }
  return std::any_of(audience->items.begin(), audience->items.end(), is_ours)
             ? AuthFailure::kNone
             : AuthFailure::kJwtWrongAudience;
}

// A text, or a list of texts; nothing else says who somebody is.
std::vector<std::string> texts_of(const JsonValue& claim) {
  if (claim.type == Type::kString) return {claim.text};
  std::vector<std::string> texts;
  for (const JsonValue& item : claim.items) {
    if (claim.type != Type::kArray || item.type != Type::kString) return {};
    texts.push_back(item.text);
  }
  return texts;
}

AuthFailure check_times(const JsonValue& claims, Millis leeway, std::chrono::system_clock::time_point now) {
  const double time = Seconds(now.time_since_epoch()).count();
  const double margin = Seconds(leeway).count();
  const JsonValue* expires = claims.find("exp");
  if (expires == nullptr || !is_number(*expires)) return AuthFailure::kJwtMalformed;
  if (time >= expires->number + margin) return AuthFailure::kJwtExpired;
  for (const std::string_view name : {"nbf", "iat"}) {
    const JsonValue* begins = claims.find(name);
    if (begins == nullptr) continue;
    if (!is_number(*begins)) return AuthFailure::kJwtMalformed;
    if (time < begins->number - margin) return AuthFailure::kJwtNotYetValid;
  }
  return AuthFailure::kNone;
}

AuthFailure check_signature(const Jws& jws, const JwtConfig& issuer, const JwkSet* keys) {
  const auto algorithm = algorithm_named(jws.algorithm);
  const auto& allowed = issuer.algorithms;
  if (!algorithm || std::find(allowed.begin(), allowed.end(), *algorithm) == allowed.end())
    return AuthFailure::kJwtAlgorithm;
  if (keys == nullptr) return AuthFailure::kJwtNoKeys;
  const JwkKey* key = keys->find(jws.kid);
  if (key == nullptr) return AuthFailure::kJwtUnknownKey;
  if (key->algorithm() != *algorithm || !key->verify(jws.signed_text, jws.signature))
    return AuthFailure::kJwtSignature;
  return AuthFailure::kNone;
}

}  // namespace

const std::string* issuer_of(const Jws& jws) {
  const JsonValue* issuer = jws.claims.find("iss");
  return issuer != nullptr && issuer->type == Type::kString ? &issuer->text : nullptr;
}

JwtVerdict check_jwt(const Jws& jws, const JwtConfig& issuer, const JwkSet* keys,
                     std::chrono::system_clock::time_point now) {
  JwtVerdict verdict;
  verdict.why = check_signature(jws, issuer, keys);
  verdict.keys_may_have_changed = verdict.why == AuthFailure::kJwtNoKeys ||
                                  (verdict.why == AuthFailure::kJwtUnknownKey && jws.kid.has_value());
  if (verdict.why != AuthFailure::kNone) return verdict;
  verdict.why = check_audience(jws.claims.find("aud"), issuer.audiences);
  if (verdict.why != AuthFailure::kNone) return verdict;
  verdict.why = check_times(jws.claims, issuer.leeway, now);
  if (verdict.why != AuthFailure::kNone) return verdict;
  const JsonValue* claim = jws.claims.find(issuer.client_claim);
  const bool may_be_list = issuer.client_claim != "sub";  // RFC 7519 4.1.2: one text
  if (claim != nullptr && (may_be_list || claim->type == Type::kString)) verdict.subjects = texts_of(*claim);
  if (verdict.subjects.empty()) verdict.why = AuthFailure::kJwtNoClient;
  return verdict;
}

}  // namespace sluice
