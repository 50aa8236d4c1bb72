// Credential: a vendor's keys as the header values that carry them. Reads use the read keys where there are
// some, so that they never carry a full key. Immutable but for the states of its keys; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "config/secret.h"
#include "policy/catalogue/catalogue.h"
#include "proxy/gate/key_state.h"
#include "proxy/gate/reflection_guard.h"

namespace sluice {

class Credential {
 public:
  // Resolves the keys. The header and the template are the configuration's, or else the catalogue's. `states`
  // has what is known of the keys from before; without it nothing is.
  static Result<Credential> resolve(const CredentialConfig& config, const Catalogue& catalogue,
                                    const std::string& api = {}, KeyStates* states = nullptr);

  // Valid as long as the credential.
  struct Choice {
    const KeyPattern* key = nullptr;  // what the vendor's answer must not hold, plain; null: no key is usable
    const KeyPattern* encoded = nullptr;  // nor like this; empty where the template takes the key as it is
    const Secret* value = nullptr;        // of the header
    std::string_view name;                // of the choice, for the audit: read | full
    std::string_view header;
    KeyState* state = nullptr;
  };
  // The newest key that is not known as refused; if all are, the newest one. None whose time is over.
  Choice choose(Access access) const;
  // All keys, the newest of each part first.
  std::vector<Choice> all() const;
  // What is wrong with them, for people: "full: …", or "". `usable`: whether every part has a key to send.
  std::string trouble(bool* usable) const;

  // Of its keys, by the name of the choice: read (where there is one) and full; with commas between several.
  std::vector<std::pair<std::string, std::string>> key_fingerprints() const;
  std::string_view header() const { return header_; }

 private:
  struct Key {
    KeyPattern plain, encoded;
    Secret value;
    std::shared_ptr<KeyState> state;
  };
  struct Part {
    std::string_view name;
    std::vector<Key> keys;
  };
  static Result<Key> resolve_key(const SecretRef& ref, std::string_view value_template,
                                 const std::string& api, KeyStates* states);
  static Result<void> resolve_part(const std::vector<SecretRef>& refs, std::string_view value_template,
                                   const std::string& api, KeyStates* states, Part& part);
  Choice choice_of(const Part& part, const Key& key) const;

  std::string header_;
  Part read_{"read", {}}, full_{"full", {}};
};

}  // namespace sluice
