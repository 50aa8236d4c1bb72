// vault_answers: what Vault's answers say, and nothing else of them is kept. Pure; any thread.
// Sources: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 (read secret version),
// .../api-docs/auth/kubernetes (login), .../api-docs/auth/token (lookup-self, renew-self), and the status
// codes in .../api-docs#http-status-codes. Fails: with a text that holds nothing of the answer but its
// status.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/result.h"
#include "config/secret.h"
#include "config/units.h"

namespace sluice {

// One version of a secret: its keys with their values.
struct VaultSecret {
  std::map<std::string, Secret> values;
  Millis lease{0};  // 0: none, as KV has it
};

struct VaultToken {
  Secret token;     // empty in an answer to renew-self and lookup-self
  Millis lease{0};  // 0: it does not end
  bool renewable = false;
};

// Of `GET /v1/MOUNT/data/PATH`. Values that are no texts, empty or over 64 KiB are left out.
Result<VaultSecret> read_vault_secret(int status, std::string_view body);
// Of a login and of renew-self: the member `auth`.
Result<VaultToken> read_vault_auth(int status, std::string_view body);
// Of lookup-self: the member `data`.
Result<VaultToken> read_vault_lookup(int status, std::string_view body);

}  // namespace sluice
