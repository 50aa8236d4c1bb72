#include "proxy/gate/identity.h"

#include <algorithm>
#include <cstring>

#include "config/ascii.h"
#include "config/secret_source.h"
#include "proxy/identity/jwt_check.h"

namespace sluice {

namespace {

// Takes the same time whatever differs: words are folded together, and looked at once.
bool same_digest(const Sha256& one, const Sha256& other) {
  uint64_t difference = 0;
  for (size_t at = 0; at < one.size(); at += sizeof(uint64_t)) {
    uint64_t a = 0;
    uint64_t b = 0;
    std::memcpy(&a, one.data() + at, sizeof a);
    std::memcpy(&b, other.data() + at, sizeof b);
    difference |= a ^ b;
  }
  return difference == 0;
}

}  // namespace

std::string_view argument_of(std::string_view value, std::string_view scheme) {
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ') return {};
  if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return {};
  value.remove_prefix(scheme.size());
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

bool is_credential_field(const HeaderField& field, std::string_view credential_header,
                         std::span<const std::string> others) {
  if (field.id == HeaderId::kApiKey || field.id == HeaderId::kAuthorization) return true;
  const auto same = [](char a, char b) {
    const auto folded = [](char c) { return c == '_' ? '-' : to_lower(c); };
    return folded(a) == folded(b);
  };
  const auto is_named = [&](std::string_view name) {
    return std::equal(field.name.begin(), field.name.end(), name.begin(), name.end(), same);
  };
  return is_named(credential_header) || std::any_of(others.begin(), others.end(), is_named);
}

Result<Identity> Identity::resolve(const std::vector<ClientConfig>& clients, const IdentityConfig& config,
                                   std::vector<std::string> credential_headers) {
  Identity identity;
  identity.credential_headers_ = std::move(credential_headers);
  identity.issuers_ = config.jwt;
  for (size_t i = 0; i < clients.size(); ++i) {
    if (Result<void> added = identity.add_client(clients, i); !added) return added.error();
  }
  return identity;
}

Result<void> Identity::add_client(const std::vector<ClientConfig>& clients, size_t index) {
  const ClientConfig& client = clients[index];
  std::vector<TokenHash> hashes = client.token_sha256;
  for (const SecretRef& ref : client.tokens) {
    const Result<Secret> token = resolve_secret(ref);
    if (!token) return Error{"client " + client.name + ": " + token.error().message};
    hashes.emplace_back(sha256(token->reveal()));
  }
  for (const TokenHash& hash : hashes) {
    for (const Token& known : tokens_) {
      if (known.digest != hash.digest || known.client == index) continue;
      return Error{"clients " + clients[known.client].name + " and " + client.name + " have the same token"};
    }
    tokens_.push_back({hash.digest, index, hash.expires});
  }
  for (const JwtSubject& subject : client.jwt) subjects_.push_back({subject, index});
  if (!client.certificate_san.empty()) sans_.emplace_back(client.certificate_san, index);
  if (client.certificate_fingerprint) certificates_.emplace_back(*client.certificate_fingerprint, index);
  return {};
}

std::vector<std::pair<size_t, std::string>> Identity::token_fingerprints() const {
  std::vector<std::pair<size_t, std::string>> all;
  for (const Token& token : tokens_) all.emplace_back(token.client, fingerprint(token.digest));
  return all;
}

Identity::Answer Identity::identify(const std::vector<HeaderField>& fields,
                                    std::string_view credential_header, const ByteStream& stream,
                                    const KeySnapshot& keys, Time now) const {
  const HeaderField* credential = nullptr;
  for (const HeaderField& field : fields) {
    if (!is_credential_field(field, credential_header, credential_headers_)) continue;
    if (credential != nullptr) return {std::nullopt, AuthFailure::kSeveralCredentials};
    credential = &field;
  }
  if (credential == nullptr) return identify_certificate(stream);
  return identify_field(*credential, credential_header, keys, now);
}

Identity::Answer Identity::identify_field(const HeaderField& field, std::string_view credential_header,
                                          const KeySnapshot& keys, Time now) const {
  const bool is_common = field.id == HeaderId::kApiKey || field.id == HeaderId::kAuthorization;
  const bool is_read_here =
      (is_common && field.exact_name) || equals_ignoring_case(field.name, credential_header);
  if (!is_read_here) return {std::nullopt, AuthFailure::kWrongPlace};
  if (field.id == HeaderId::kAuthorization) return identify_authorization(field.value, keys, now);
  return identify_token(field.value, now);
}

Identity::Answer Identity::identify_certificate(const ByteStream& stream) const {
  for (const auto& [san, client] : sans_) {
    if (stream.peer_has_san(san)) return {client};
  }
  if (!certificates_.empty()) {
    const auto presented = stream.peer_certificate_sha256();
    for (const auto& [digest, client] : certificates_) {
      if (presented && *presented == digest) return {client};
    }
  }
  return {std::nullopt, AuthFailure::kNoCredential};
}

Identity::Answer Identity::identify_authorization(std::string_view value, const KeySnapshot& keys,
                                                  Time now) const {
  if (const std::string_view token = argument_of(value, "Bearer"); !token.empty())
    return identify_bearer(token, keys, now);
  const std::string_view token = argument_of(value, "APIKEY");
  if (token.empty()) return {std::nullopt, AuthFailure::kWrongScheme};
  if (const auto decoded = base64_decode(token)) {
    const Answer answer = identify_token(*decoded, now);
    if (answer.why != AuthFailure::kUnknownToken) return answer;
  }
  return identify_token(token, now);
}

Identity::Answer Identity::identify_bearer(std::string_view token, const KeySnapshot& keys, Time now) const {
  if (knows_issuers() && looks_like_jwt(token)) return identify_jwt(token, keys, now);
  return identify_token(token, now);
}

Identity::Answer Identity::identify_token(std::string_view token, Time now) const {
  const Sha256 digest = sha256(token);
  Answer answer{std::nullopt, AuthFailure::kUnknownToken};
  for (const Token& known : tokens_) {  // no early end: the time tells nothing
    if (!same_digest(digest, known.digest)) continue;
    if (known.expires && now >= *known.expires) {
      if (!answer.client) answer.why = AuthFailure::kExpiredToken;
    } else {
      answer = {known.client};
    }
  }
  return answer;
}

// Of a list, such as a caller's groups, all that mean a client have to mean the same one.
Identity::Answer Identity::client_of(const std::vector<std::string>& subjects,
                                     std::string_view issuer) const {
  Answer answer{std::nullopt, AuthFailure::kJwtNoClient};
  for (const Subject& subject : subjects_) {
    if (!subject.of.issuer.empty() && subject.of.issuer != issuer) continue;
    if (std::find(subjects.begin(), subjects.end(), subject.of.value) == subjects.end()) continue;
    if (answer.client && *answer.client != subject.client)
      return {std::nullopt, AuthFailure::kJwtSeveralClients};
    if (!answer.client) answer = {subject.client, AuthFailure::kNone, {}, issuer, subject.of.value};
  }
  return answer;
}

Identity::Answer Identity::identify_jwt(std::string_view token, const KeySnapshot& keys, Time now) const {
  Jws jws;
  if (const AuthFailure why = read_jws(token, jws); why != AuthFailure::kNone) return {std::nullopt, why};
  const std::string* name = issuer_of(jws);
  if (name == nullptr) return {std::nullopt, AuthFailure::kJwtMalformed};
  const auto issuer = std::find_if(issuers_.begin(), issuers_.end(),
                                   [name](const JwtConfig& known) { return known.issuer == *name; });
  if (issuer == issuers_.end()) return {std::nullopt, AuthFailure::kJwtUnknownIssuer};
  const JwtVerdict verdict = check_jwt(jws, *issuer, keys.of(*name), now);
  if (verdict.keys_may_have_changed) return {std::nullopt, verdict.why, issuer->issuer};
  if (verdict.why != AuthFailure::kNone) return {std::nullopt, verdict.why};
  return client_of(verdict.subjects, issuer->issuer);
}

}  // namespace sluice
