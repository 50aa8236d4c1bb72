// The `clients` block of a configuration.
#include <algorithm>
#include <map>

#include "config/ascii.h"
#include "config/config_parts.h"
#include "config/rfc3339.h"

namespace sluice {
namespace {

using Hash = std::array<uint8_t, 32>;

// SHA-256 of nothing: what a script prints whose token variable was empty.
constexpr Hash kHashOfNothing = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};

std::optional<Hash> parse_hash(std::string_view text) {
  Hash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (size_t index = 0; index < hash.size(); ++index) {
    const int high = hex_value(text[2 * index]);
    const int low = hex_value(text[2 * index + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash[index] = static_cast<uint8_t>(high << 4 | low);
  }
  return hash;
}

bool has_colons_between_octets(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == ':') != (i % 3 == 2)) return false;
  }
  return text.size() % 3 == 2;
}

// Reads one client after the other, and knows whom each token and certificate belongs to.
class ClientsReader {
 public:
  ClientsReader(bool certificates_verified, const IdentityConfig& identity, const ReadContext& context)
      : certificates_verified_(certificates_verified),
        identity_(identity),
        context_(context),
        findings_(context.findings) {}

  ClientConfig read(const Value& key, const Value& value) {
    ClientConfig client;
    client.name = key.text;
    client.at = key.at;
    check_name(key, "a client");
    MapReader map(value, "a client", findings_);
    const Value* hashes = map.optional("token_sha256");
    const Value* tokens = map.optional("token");
    const Value* certificate = map.optional("certificate");
    const Value* jwt = map.optional("jwt");
    if (hashes != nullptr) read_hashes(*hashes, client);
    if (tokens != nullptr) read_tokens(*tokens, client);
    if (certificate != nullptr) read_certificate(*certificate, client);
    if (jwt != nullptr) read_jwt(*jwt, client);
    if (const Value* groups = map.optional("groups")) read_groups(*groups, client);
    map.choice("priority", {{"interactive", Priority::kInteractive}, {"batch", Priority::kBatch}},
               client.priority);
    map.integer("weight", client.weight, 1, 1'000);
    map.finish();
    const bool has_hash = hashes != nullptr && !(hashes->is_list() && hashes->items.empty());
    if (map.is_map() && !has_hash && tokens == nullptr && certificate == nullptr && jwt == nullptr) {
      findings_.error(
          key.at, "missing-key",
          "client " + client.name + " has no credential, give it token_sha256, token, certificate or jwt");
    }
    return client;
  }

 private:
  void check_name(const Value& value, const std::string& what) {
    if (is_name(value.text)) return;
    findings_.error(
        value.at, "invalid-name",
        "the name of " + what + " must be letters, digits, ., _ and -, starting with a letter or a digit");
  }

  void read_hashes(const Value& value, ClientConfig& client) {
    if (!value.is_list()) return read_hash(value, client);
    for (const Value& item : value.items) read_hash(item, client);
  }

  // "64 digits", or { hash: "64 digits", expires: 2027-01-31 }.
  void read_hash(const Value& value, ClientConfig& client) {
    // A map of anything else may hold the token itself.
    if (value.find("hash") == nullptr) return take_hash(value, std::nullopt, client);
    MapReader map(value, "token_sha256", findings_);
    const Value* hash = map.required("hash");
    const Value* expires = map.optional("expires");
    map.finish();
    const auto until = expires != nullptr ? read_expiry(*expires) : std::nullopt;
    if (hash != nullptr) take_hash(*hash, until, client);
  }

  std::optional<std::chrono::system_clock::time_point> read_expiry(const Value& value) {
    const auto text = read_text(value, "expires", findings_);
    if (!text) return std::nullopt;
    const auto time = parse_date_or_time(*text);
    if (!time) {
      findings_.error(value.at, "invalid-value",
                      "expires: expected a date such as 2027-01-31 (from its first moment on, UTC) or a time "
                      "such as 2027-01-31T18:00:00Z");
    }
    return time;
  }

  // The text is never quoted: it may be the token itself.
  void take_hash(const Value& value, std::optional<std::chrono::system_clock::time_point> expires,
                 ClientConfig& client) {
    if (value.reported) return;
    auto hash = value.is_scalar() ? parse_hash(value.text) : std::nullopt;
    if (!hash) {
      findings_.error(value.at, "invalid-value",
                      "token_sha256: expected 64 hexadecimal digits, the SHA-256 of a token (sluice client "
                      "new prints both)");
      return;
    }
    if (*hash == kHashOfNothing) {
      findings_.error(value.at, "invalid-value", "token_sha256: this is the hash of an empty token");
      return;
    }
    if (claim(hash_owners_, *hash, value.at, client, "token_sha256: this hash"))
      client.token_sha256.emplace_back(*hash, expires);
  }

  void read_tokens(const Value& value, ClientConfig& client) {
    for (SecretRef& ref : read_secret_refs(value, "token", context_)) {
      if (ref.kind == SecretRef::Kind::kNone) continue;
      const std::string place = to_text(ref);
      if (claim(token_owners_, place, ref.at, client, "token: " + place))
        client.tokens.push_back(std::move(ref));
    }
  }

  void read_certificate(const Value& value, ClientConfig& client) {
    MapReader map(value, "certificate", findings_);
    const Value* san = map.optional("san");
    const Value* fingerprint = map.optional("fingerprint");
    map.finish();
    if (!map.is_map()) return;
    if ((san == nullptr) == (fingerprint == nullptr)) {
      return findings_.error(value.at, "missing-key",
                             "certificate: give one of { san: NAME } and { fingerprint: SHA-256 }");
    }
    if (!certificates_verified_) {
      findings_.error(value.at, "invalid-value",
                      "certificate: no listener verifies certificates, give one tls.client_ca");
    }
    if (san != nullptr) read_san(*san, client);
    if (fingerprint != nullptr) read_fingerprint(*fingerprint, client);
  }

  void read_san(const Value& value, ClientConfig& client) {
    auto name = read_text(value, "san", findings_);
    if (!name) return;
    if (name->empty())
      return findings_.error(value.at, "invalid-value", "san: expected a name, got an empty text");
    if (claim(san_owners_, *name, value.at, client, "san: " + *name))
      client.certificate_san = std::move(*name);
  }

  // As openssl x509 -fingerprint -sha256 prints it, or without the colons.
  void read_fingerprint(const Value& value, ClientConfig& client) {
    auto text = read_text(value, "fingerprint", findings_);
    if (!text) return;
    if (has_colons_between_octets(*text)) std::erase(*text, ':');
    const auto hash = parse_hash(*text);
    if (!hash) {
      return findings_.error(value.at, "invalid-value",
                             "fingerprint: expected 64 hexadecimal digits, the SHA-256 of the certificate's "
                             "DER (openssl x509 -fingerprint -sha256)");
    }
    if (claim(fingerprint_owners_, *hash, value.at, client, "fingerprint: this certificate"))
      client.certificate_fingerprint = *hash;
  }

  void read_jwt(const Value& value, ClientConfig& client) {
    if (identity_.jwt.empty()) {
      return findings_.error(value.at, "invalid-value",
                             "jwt: no issuer of tokens is configured, add identity.jwt");
    }
    if (!value.is_list()) return read_subject(value, client);
    if (value.items.empty())
      findings_.error(value.at, "invalid-value", "jwt: the list is empty, give the value of a claim");
    for (const Value& item : value.items) read_subject(item, client);
  }

  void read_subject(const Value& value, ClientConfig& client) {
    auto subject = read_jwt_subject(value, identity_, context_);
    if (!subject) return;
    const auto taken =
        std::find_if(subjects_.begin(), subjects_.end(), [&subject](const OwnedSubject& known) {
          const std::string& issuer = known.subject.issuer;
          return known.subject.value == subject->value &&
                 (issuer.empty() || subject->issuer.empty() || issuer == subject->issuer);
        });
    if (taken != subjects_.end()) {
      return findings_.error(value.at, "duplicate-credential",
                             "jwt: \"" + subject->value + "\" already belongs to client " + taken->client);
    }
    if (value.is_scalar() && identity_.jwt.size() > 1) {
      findings_.warning(value.at, "any-issuer",
                        "jwt: \"" + subject->value + "\" means client " + client.name + " whichever of the " +
                            std::to_string(identity_.jwt.size()) +
                            " issuers says so: give { issuer: ISSUER, value: VALUE } to believe one");
    }
    subjects_.push_back({*subject, client.name});
    client.jwt.push_back(std::move(*subject));
  }

  void read_groups(const Value& value, ClientConfig& client) {
    for (const Value* group : read_scalars(value, "groups", findings_)) {
      check_name(*group, "a group");
      client.groups.push_back(group->text);
    }
  }

  // Two clients with one credential could not be told apart.
  template <class Key>
  bool claim(std::map<Key, std::string>& owners, const Key& credential, const Position& at,
             const ClientConfig& client, const std::string& what) {
    auto [owner, is_new] = owners.emplace(credential, client.name);
    if (!is_new)
      findings_.error(at, "duplicate-credential", what + " already belongs to client " + owner->second);
    return is_new;
  }

  struct OwnedSubject {
    JwtSubject subject;
    std::string client;
  };

  bool certificates_verified_;
  const IdentityConfig& identity_;
  const ReadContext& context_;
  Findings& findings_;
  std::map<Hash, std::string> hash_owners_;
  std::map<std::string, std::string> token_owners_;
  std::map<std::string, std::string> san_owners_;
  std::map<Hash, std::string> fingerprint_owners_;
  std::vector<OwnedSubject> subjects_;
};

}  // namespace

std::vector<ClientConfig> read_clients(const Value& value, bool certificates_verified,
                                       const IdentityConfig& identity, const ReadContext& context) {
  std::vector<ClientConfig> clients;
  const MapReader map(value, "clients", context.findings);
  ClientsReader reader(certificates_verified, identity, context);
  for (const auto& [key, entry] : value.entries) clients.push_back(reader.read(key, entry));
  return clients;
}

}  // namespace sluice
