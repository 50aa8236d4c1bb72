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
Result<Credential::Key> Credential::resolve_key(const SecretRef& ref, std::string_view value_template,
                                                const std::string& api, KeyStates* states) {
  constexpr std::string_view kPlain = "{key}";
  constexpr std::string_view kBase64 = "{base64:key}";
  Result<Secret> secret = resolve_secret(ref);
  if (!secret) return secret.error();
  if (!fits_in_a_header(*secret)) {
    return Error{"the key from " + ref.name + " holds characters that cannot stand in a header"};
  }
  Key key;
  const std::string print = fingerprint(*secret);
  key.state = states != nullptr ? states->of(api, print) : std::make_shared<KeyState>(print);
  key.state->set_usable_until(ref.usable_until);
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

Result<void> Credential::resolve_part(const std::vector<SecretRef>& refs, std::string_view value_template,
                                      const std::string& api, KeyStates* states, Part& part) {
  for (const SecretRef& ref : refs) {
    Result<Key> key = resolve_key(ref, value_template, api, states);
    if (!key) return key.error();
    part.keys.push_back(std::move(*key));
  }
  return {};
}

Result<Credential> Credential::resolve(const CredentialConfig& config, const Catalogue& catalogue,
                                       const std::string& api, KeyStates* states) {
  Credential credential;
  credential.header_ = config.header.empty() ? catalogue.credential_header : config.header;
  const std::string& value = config.value.empty() ? catalogue.credential_value : config.value;
  if (auto full = resolve_part(config.full, value, api, states, credential.full_); !full) return full.error();
  if (auto read = resolve_part(config.read, value, api, states, credential.read_); !read) return read.error();
  return credential;
}

std::vector<std::pair<std::string, std::string>> Credential::key_fingerprints() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Part* part : {&read_, &full_}) {
    std::string prints;
    for (const Key& key : part->keys) prints += (prints.empty() ? "" : ",") + key.state->fingerprint();
    if (!prints.empty()) all.emplace_back(part->name, prints);
  }
  return all;
}

Credential::Choice Credential::choice_of(const Part& part, const Key& key) const {
  return {&key.plain, &key.encoded, &key.value, part.name, header_, key.state.get()};
}

Credential::Choice Credential::choose(Access access) const {
  const Part& part = access == Access::kRead && !read_.keys.empty() ? read_ : full_;
  const Key* refused = nullptr;
  for (const Key& key : part.keys) {
    if (key.state->is_over()) continue;
    if (key.state->refused() == 0) return choice_of(part, key);
    if (refused == nullptr) refused = &key;
  }
  if (refused != nullptr) return choice_of(part, *refused);
  Choice none;
  none.name = part.name;
  return none;
}

std::vector<Credential::Choice> Credential::all() const {
  std::vector<Choice> all;
  for (const Part* part : {&read_, &full_})
    for (const Key& key : part->keys) all.push_back(choice_of(*part, key));
  return all;
}

std::string Credential::trouble(bool* usable) const {
  std::string text;
  *usable = true;
  for (const Part* part : {&read_, &full_}) {
    bool has_key = part->keys.empty();
    for (const Key& key : part->keys) {
      const std::string about =
          (text.empty() ? "" : "; ") + std::string(part->name) + " " + key.state->fingerprint() + ": ";
      if (key.state->is_over()) {
        text += about + "its place has given nothing for longer than secrets.keep";
        continue;
      }
      has_key = true;
      if (const int status = key.state->refused(); status != 0) {
        text += about + "the vendor refuses it with " + std::to_string(status);
      } else if (key.state->usable_until() != Nanos::max()) {
        text += about + "its place gives nothing, the last value is used";
      }
    }
    *usable = *usable && has_key;
  }
  return text;
}

}  // namespace sluice
