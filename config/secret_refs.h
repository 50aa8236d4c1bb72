// secret_refs: every place of a configuration where a secret may stand, but the sealed store's own master.
// Whoever adds such a place adds it here: one that is not visited is never fetched from the sealed store or
// from Vault, and resolving it fails.
#pragma once

#include <functional>
#include <string_view>

#include "config/model.h"

namespace sluice {

// `what`: the key that the reference is the value of, such as "full". Places without a secret are left out.
using VisitSecretRef = std::function<void(SecretRef& ref, std::string_view what)>;
void for_each_secret_ref(Config& config, const VisitSecretRef& visit);
using ReadSecretRef = std::function<void(const SecretRef& ref, std::string_view what)>;
void for_each_secret_ref(const Config& config, const ReadSecretRef& visit);

}  // namespace sluice
