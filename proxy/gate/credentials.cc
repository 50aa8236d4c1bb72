#include "proxy/gate/credentials.h"

#include <algorithm>

#include "config/ascii.h"
#include "config/secret_source.h"
#include "proxy/crypto.h"

namespace sluice {

namespace {

// A key with a line break or another control would end the header field and start a new one.
bool fits_in_a_header(const Secret& key) {
  const std::string_view text = key.reveal();
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_visible(c); });
}

}  // namespace

// Replaces {key} or {base64:key} of the template.
Result<Credential::Key> Credential::resolve_key(const SecretRef& ref, std::string_view value_template) {
  constexpr std::string_view kPlain = "{key}";
  constexpr std::string_view kBase64 = "{base64:key}";
  Result<Secret> secret = resolve_secret(ref);
  if (!secret) return secret.error();
  if (!fits_in_a_header(*secret)) {
    return Error{"the key from " + ref.name + " holds characters that cannot stand in a header"};
  }
  Key key;
  std::string value(value_template);
  if (const size_t at = value.find(kBase64); at != std::string::npos) {
    Secret encoded(base64_encode(secret->reveal()));
    value.replace(at, kBase64.size(), encoded.reveal());
    key.encoded = KeyPattern(std::move(encoded));
  } else if (const size_t plain_at = value.find(kPlain); plain_at != std::string::npos) {
    value.replace(plain_at, kPlain.size(), secret->reveal());
  }
  key.plain = KeyPattern(std::move(*secret));
  key.value = Secret(std::move(value));
  return key;
}

Result<Credential> Credential::resolve(const CredentialConfig& config, const Catalogue& catalogue) {
  Credential credential;
  credential.header_ = config.header.empty() ? catalogue.credential_header : config.header;
  const std::string& value = config.value.empty() ? catalogue.credential_value : config.value;
  Result<Key> full = resolve_key(config.full.front(), value);
  if (!full) return full.error();
  credential.full_ = std::move(*full);
  if (config.read.empty()) return credential;
  Result<Key> read = resolve_key(config.read.front(), value);
  if (!read) return read.error();
  credential.has_read_ = true;
  credential.read_ = std::move(*read);
  return credential;
}

std::vector<std::pair<std::string, std::string>> Credential::key_fingerprints() const {
  std::vector<std::pair<std::string, std::string>> all;
  if (has_read_) all.emplace_back("read", fingerprint(read_.plain.key()));
  all.emplace_back("full", fingerprint(full_.plain.key()));
  return all;
}

Credential::Choice Credential::choose(Access access) const {
  const bool reads = access == Access::kRead && has_read_;
  const Key& key = reads ? read_ : full_;
  return {&key.plain, &key.encoded, &key.value, reads ? "read" : "full"};
}

}  // namespace sluice
