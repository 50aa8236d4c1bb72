// KeySnapshot: the public keys of all issuers at one time. Immutable, shared; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/identity/jwk_set.h"

namespace sluice {

struct KeySnapshot {
  std::map<std::string, std::shared_ptr<const JwkSet>, std::less<>> by_issuer;  // those that have been had

  const JwkSet* of(std::string_view issuer) const {
    const auto found = by_issuer.find(issuer);
    return found != by_issuer.end() ? found->second.get() : nullptr;
  }
};

}  // namespace sluice
