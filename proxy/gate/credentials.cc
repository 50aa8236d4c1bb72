#include "proxy/gate/credentials.h"

#include <algorithm>

#include "config/secret_source.h"
#include "proxy/crypto.h"

namespace sluice {

namespace {

// A key with a line break or another control would end the header field and start a new one.
bool fits_in_a_header(const Secret& key) {
  const std::string_view text = key.reveal();
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet >= 0x20 && octet < 0x7f;
  });
}

Result<Secret> resolve_key(const SecretRef& ref) {
  Result<Secret> key = resolve_secret(ref);
  if (key && !fits_in_a_header(*key)) {
    return Error{"the key from " + ref.name + " holds characters that cannot stand in a header"};
  }
  return key;
}

}  // namespace

Secret render_credential(std::string_view value_template, const Secret& key) {
  constexpr std::string_view kPlain = "{key}";
  constexpr std::string_view kBase64 = "{base64:key}";
  std::string value(value_template);
  if (const size_t at = value.find(kBase64); at != std::string::npos) {
    value.replace(at, kBase64.size(), base64_encode(key.reveal()));
  } else if (const size_t plain_at = value.find(kPlain); plain_at != std::string::npos) {
    value.replace(plain_at, kPlain.size(), key.reveal());
  }
  return Secret(std::move(value));
}

Result<Credential> Credential::resolve(const CredentialConfig& config, const Catalogue& catalogue) {
  Credential credential;
  credential.header_ = config.header.empty() ? catalogue.credential_header : config.header;
  const std::string& value = config.value.empty() ? catalogue.credential_value : config.value;
  Result<Secret> full = resolve_key(config.full);
  if (!full) return full.error();
  credential.full_key_ = std::move(*full);
  credential.full_value_ = render_credential(value, credential.full_key_);
  if (config.read.kind == SecretRef::Kind::kNone) return credential;
  Result<Secret> read = resolve_key(config.read);
  if (!read) return read.error();
  credential.has_read_ = true;
  credential.read_key_ = std::move(*read);
  credential.read_value_ = render_credential(value, credential.read_key_);
  return credential;
}

Credential::Choice Credential::choose(Access access) const {
  if (access == Access::kRead && has_read_) return {&read_key_, &read_value_, "read"};
  return {&full_key_, &full_value_, "full"};
}

}  // namespace sluice
