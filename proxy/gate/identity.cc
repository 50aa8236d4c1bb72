#include "proxy/gate/identity.h"

#include <algorithm>
#include <cstring>

#include "config/ascii.h"
#include "config/secret_source.h"

namespace sluice {

namespace {

// A scheme's argument: "Bearer x" -> "x". Empty when the scheme is another.
std::string_view argument_of(std::string_view value, std::string_view scheme) {
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ') return {};
  if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return {};
  value.remove_prefix(scheme.size());
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

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

bool is_credential_field(const HeaderField& field, std::string_view credential_header) {
  if (field.id == HeaderId::kApiKey || field.id == HeaderId::kAuthorization) return true;
  const auto same = [](char a, char b) {
    const auto folded = [](char c) { return c == '_' ? '-' : to_lower(c); };
    return folded(a) == folded(b);
  };
  return std::equal(field.name.begin(), field.name.end(), credential_header.begin(), credential_header.end(),
                    same);
}

Result<Identity> Identity::resolve(const std::vector<ClientConfig>& clients) {
  Identity identity;
  for (size_t i = 0; i < clients.size(); ++i) {
    const ClientConfig& client = clients[i];
    std::vector<Sha256> digests;
    for (const TokenHash& hash : client.token_sha256) digests.push_back(hash.digest);
    for (const SecretRef& ref : client.tokens) {
      const Result<Secret> token = resolve_secret(ref);
      if (!token) return Error{"client " + client.name + ": " + token.error().message};
      digests.push_back(sha256(token->reveal()));
    }
    for (const Sha256& digest : digests) {
      for (const Token& known : identity.tokens_) {
        if (known.digest != digest || known.client == i) continue;
        return Error{"clients " + clients[known.client].name + " and " + client.name +
                     " have the same token"};
      }
      identity.tokens_.push_back({digest, i});
    }
    if (!client.certificate_san.empty()) identity.sans_.emplace_back(client.certificate_san, i);
  }
  return identity;
}

std::vector<std::pair<size_t, std::string>> Identity::token_fingerprints() const {
  std::vector<std::pair<size_t, std::string>> all;
  for (const Token& token : tokens_) all.emplace_back(token.client, fingerprint(token.digest));
  return all;
}

std::optional<size_t> Identity::client_of(std::string_view token) const {
  const Sha256 digest = sha256(token);
  std::optional<size_t> found;
  for (const Token& known : tokens_) {  // no early end: the time tells nothing
    if (same_digest(digest, known.digest)) found = known.client;
  }
  return found;
}

Identity::Answer Identity::identify(const std::vector<HeaderField>& fields,
                                    std::string_view credential_header, const ByteStream& stream) const {
  const HeaderField* credential = nullptr;
  for (const HeaderField& field : fields) {
    if (!is_credential_field(field, credential_header)) continue;
    if (credential != nullptr) return {std::nullopt, "more than one credential header"};
    credential = &field;
  }
  if (credential == nullptr) {
    for (const auto& [san, client] : sans_) {
      if (stream.peer_has_san(san)) return {client, {}};
    }
    return {std::nullopt, "no credential: send the client token where the vendor's key would stand"};
  }
  const bool exact = credential->exact_name || equals_ignoring_case(credential->name, credential_header);
  if (!exact) {
    return {std::nullopt, "this header does not carry a client token here"};
  }
  std::string_view token = credential->value;
  if (credential->id == HeaderId::kAuthorization) {
    token = argument_of(credential->value, "Bearer");
    if (token.empty()) {
      token = argument_of(credential->value, "APIKEY");
      if (const auto decoded = base64_decode(token); decoded && !token.empty()) {
        if (const auto client = client_of(*decoded)) return {client, {}};
      }
    }
    if (token.empty()) return {std::nullopt, "authorization takes Bearer or APIKEY"};
  }
  if (const auto client = client_of(token)) return {client, {}};
  return {std::nullopt, "the client token is not known"};
}

}  // namespace sluice
