// The `sealed_keys` block of a configuration (interface 2.3). Owner and threads: as model.h.
#pragma once

#include <string>

#include "config/secret.h"

namespace sluice {

struct SealedKeysConfig {
  std::string path;  // of the store
  SecretRef master;  // what the store's key is derived from: { env } or { file }
  Position at;
};

}  // namespace sluice
