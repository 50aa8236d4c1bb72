// VaultClient: reads secrets from HashiCorp Vault's (or OpenBao's) KV version 2 engine, with a token that it
// was given or that it logs in for with the pod's service account (interface 2.6). Blocking: for a thread
// that loads a configuration. Owner: SecretSources, over reloads: a login is kept while it is good. Thread:
// one at a time, end() any. Fails: each path by itself, with address, path and status, never a value or a
// token. Bounds: 5 s to connect, 15 s and 1 MiB for an answer, 30 s for all; after one that did not come no
// other is asked for.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "config/result.h"
#include "config/vault.h"
#include "proxy/http/blocking_client.h"
#include "proxy/keys/vault_answers.h"

namespace sluice {

class VaultClient {
 public:
  // `now`: the monotonic clock.
  explicit VaultClient(std::function<Nanos()> now) : now_(std::move(now)) {}

  using Answers = std::map<std::string, Result<VaultSecret>>;  // by path

  // Requires: config.token resolves, or there is config.kubernetes.
  Answers read(const VaultConfig& config, const std::set<std::string>& paths);
  // What is read now, and all later, ends at once with an error. Any thread.
  void end();
  // When what was read, or the token, should be seen to again: config.refresh, or earlier.
  Millis good_for() const { return good_for_; }

 private:
  struct Session;

  void set_asking(BlockingClient* client);
  Result<void> log_in(Session& session);
  Result<void> keep_token(Session& session);
  void take(VaultToken token, const std::string& owner);
  void renew(Session& session);

  const std::function<Nanos()> now_;
  std::optional<VaultToken> token_;
  std::string owner_;      // which configuration and token it belongs to
  Nanos see_to_it_at_{0};  // renew it, or log in anew
  Nanos ends_at_{0};
  Millis good_for_{0};
  std::mutex mutex_;  // guards what follows
  BlockingClient* asking_ = nullptr;
  bool ended_ = false;
};

}  // namespace sluice
