// Credential: a vendor's keys as the header values that carry them. Reads use the read key where there is
// one, so that they never carry the full key. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "config/secret.h"
#include "policy/catalogue/catalogue.h"
#include "proxy/gate/reflection_guard.h"

namespace sluice {

class Credential {
 public:
  // Resolves the keys. The header and the template are the configuration's, or else the catalogue's.
  static Result<Credential> resolve(const CredentialConfig& config, const Catalogue& catalogue);

  struct Choice {
    const KeyPattern* key;      // what the vendor's answer must not hold, plain
    const KeyPattern* encoded;  // nor like this; empty where the template takes the key as it is
    const Secret* value;        // of the header
    std::string_view name;      // of the choice, for the audit: read | full
  };
  Choice choose(Access access) const;
  // Of its keys, by the name of the choice: read (where there is one) and full.
  std::vector<std::pair<std::string, std::string>> key_fingerprints() const;
  std::string_view header() const { return header_; }

 private:
  struct Key {
    KeyPattern plain, encoded;
    Secret value;
  };
  static Result<Key> resolve_key(const SecretRef& ref, std::string_view value_template);

  std::string header_;
  bool has_read_ = false;
  Key read_, full_;
};

}  // namespace sluice
