// The `identity` block of a configuration, and the `jwt` of its clients.
#include <algorithm>

#include "config/address.h"
#include "config/config_parts.h"

namespace sluice {
namespace {

constexpr Millis kLongestLeeway{600'000};
constexpr size_t kMostIssuers = 100;

// Not empty, and without repetition.
std::vector<std::string> read_distinct(const Value& value, std::string_view what,
                                       const ReadContext& context) {
  std::vector<std::string> texts;
  const std::string place = std::string(what) + ": ";
  for (const Value* text : read_scalars(value, what, context.findings)) {
    if (text->text.empty()) {
      context.findings.error(text->at, "invalid-value", place + "expected a text, got an empty one");
    } else if (std::find(texts.begin(), texts.end(), text->text) != texts.end()) {
      context.findings.error(text->at, "duplicate-name", place + "\"" + text->text + "\" is given twice");
    } else {
      texts.push_back(text->text);
    }
  }
  if (value.is_list() && value.items.empty())
    context.findings.error(value.at, "invalid-value", place + "the list is empty, name at least one");
  return texts;
}

std::optional<UpstreamUrl> read_key_url(const Value& value, const ReadContext& context) {
  const auto text = read_text(value, "url", context.findings);
  if (!text) return std::nullopt;
  auto url = parse_url(*text);
  if (!url) {
    context.findings.error(value.at, "invalid-value", "url: " + url.error().message);
    return std::nullopt;
  }
  // Who can change the keys on their way can be any client.
  if (!url->tls && !is_loopback(url->host)) {
    context.findings.error(value.at, "invalid-value",
                           "url: keys must come over https, http is for loopback only");
    return std::nullopt;
  }
  if (url->path.empty() || url->path[0] != '/') url->path.insert(0, "/");
  return std::move(*url);
}

JwksConfig read_jwks(const Value& value, const ReadContext& context) {
  JwksConfig jwks;
  MapReader map(value, "jwks", context.findings);
  const Value* url = map.optional("url");
  const Value* file = map.optional("file");
  const Value* tls = map.optional("tls");
  if (url != nullptr) jwks.url = read_key_url(*url, context);
  read_path(map, "file", jwks.file, context);
  if (tls != nullptr) {
    MapReader tls_map(*tls, "tls", context.findings);
    read_path(tls_map, "ca", jwks.ca, context);
    tls_map.finish();
  }
  map.finish();
  if (!map.is_map()) return jwks;
  if ((url == nullptr) == (file == nullptr)) {
    context.findings.error(value.at, "missing-key", "jwks: give one of { url: URL } and { file: PATH }");
  } else if (tls != nullptr && (url == nullptr || (jwks.url && !jwks.url->tls))) {
    context.findings.error(tls->at, "invalid-value", "tls: only an https url has it");
  }
  return jwks;
}

std::vector<JwtAlgorithm> read_algorithms(const Value& value, const ReadContext& context) {
  std::vector<JwtAlgorithm> algorithms;
  for (const Value* name : read_scalars(value, "algorithms", context.findings)) {
    if (name->text == "RS256") {
      algorithms.push_back(JwtAlgorithm::kRs256);
    } else if (name->text == "ES256") {
      algorithms.push_back(JwtAlgorithm::kEs256);
    } else {
      context.findings.error(name->at, "invalid-value",
                             "algorithms: unknown value \"" + name->text + "\", allowed: RS256, ES256");
    }
  }
  if (value.is_list() && value.items.empty())
    context.findings.error(value.at, "invalid-value",
                           "algorithms: the list is empty, leave the key out for both");
  return algorithms;
}

JwtConfig read_issuer(const Value& value, const ReadContext& context) {
  JwtConfig jwt;
  jwt.at = value.at;
  MapReader map(value, "an issuer of tokens", context.findings);
  if (const Value* issuer = map.required("issuer")) {
    jwt.at = issuer->at;
    map.text("issuer", jwt.issuer);
    if (issuer->is_scalar() && jwt.issuer.empty())
      context.findings.error(issuer->at, "invalid-value", "issuer: expected a text, got an empty one");
  }
  if (const Value* audience = map.required("audience"))
    jwt.audiences = read_distinct(*audience, "audience", context);
  if (const Value* jwks = map.required("jwks")) jwt.jwks = read_jwks(*jwks, context);
  if (const Value* algorithms = map.optional("algorithms"))
    jwt.algorithms = read_algorithms(*algorithms, context);
  map.text("client_claim", jwt.client_claim);
  if (const Value* claim = map.optional("client_claim"); claim != nullptr && jwt.client_claim.empty())
    context.findings.error(claim->at, "invalid-value", "client_claim: expected a text, got an empty one");
  map.duration("leeway", jwt.leeway, Millis{0}, kLongestLeeway);
  map.finish();
  return jwt;
}

}  // namespace

IdentityConfig read_identity(const Value& value, const ReadContext& context) {
  IdentityConfig identity;
  MapReader map(value, "identity", context.findings);
  const Value* jwt = map.optional("jwt");
  map.finish();
  if (jwt == nullptr || jwt->reported) return identity;
  if (!jwt->is_list() || jwt->items.size() > kMostIssuers) {
    context.findings.error(jwt->at, "wrong-type",
                           "jwt: expected a list of { issuer, audience, jwks }, at most 100");
    return identity;
  }
  for (const Value& item : jwt->items) {
    JwtConfig issuer = read_issuer(item, context);
    const bool is_known =
        std::any_of(identity.jwt.begin(), identity.jwt.end(),
                    [&issuer](const JwtConfig& known) { return known.issuer == issuer.issuer; });
    if (is_known && !issuer.issuer.empty())
      context.findings.error(issuer.at, "duplicate-name", "issuer: \"" + issuer.issuer + "\" is given twice");
    identity.jwt.push_back(std::move(issuer));
  }
  return identity;
}

std::optional<JwtSubject> read_jwt_subject(const Value& value, const IdentityConfig& identity,
                                           const ReadContext& context) {
  if (value.reported) return std::nullopt;
  JwtSubject subject;
  if (value.is_map()) {
    MapReader map(value, "jwt", context.findings);
    if (const Value* issuer = map.required("issuer")) {
      map.text("issuer", subject.issuer);
      std::vector<std::string> known;
      for (const JwtConfig& jwt : identity.jwt) known.push_back(jwt.issuer);
      if (issuer->is_scalar() && std::find(known.begin(), known.end(), subject.issuer) == known.end()) {
        context.findings.error(issuer->at, "unknown-name",
                               "issuer: \"" + subject.issuer + "\" is not one of identity.jwt" +
                                   suggestion(subject.issuer, known));
      }
    }
    if (map.required("value") != nullptr) map.text("value", subject.value);
    map.finish();
  } else {
    const auto text = read_text(value, "jwt", context.findings);
    if (!text) return std::nullopt;
    subject.value = *text;
  }
  if (subject.value.empty()) {
    context.findings.error(value.at, "invalid-value",
                           "jwt: expected the value of a claim, or { issuer: ISSUER, value: VALUE }");
    return std::nullopt;
  }
  return subject;
}

}  // namespace sluice
