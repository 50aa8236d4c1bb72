// SecretSources: fills a configuration's secrets from the places that have to be asked: the sealed store and
// Vault; and keeps the last good value of each, so that a place that gives nothing for a while costs nothing
// (interface 2.1, `secrets.keep`). Owner: whoever loads configurations; lives over reloads. Thread: one at a
// time, one that may wait: opening a store takes 0.2 s, Vault up to 30 s. Fails: with the place in the
// configuration and the reason, never a value.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "config/model.h"
#include "config/result.h"
#include "proxy/keys/vault_client.h"
#include "proxy/net/clock.h"

namespace sluice {

class SecretSources {
 public:
  explicit SecretSources(std::function<Nanos()> now = monotonic_now) : now_(std::move(now)) {}

  // Puts the value into each reference to what is sealed or in Vault. What Vault does not give any more is
  // replaced by its last value, for `secrets.keep`; a vendor's key also after that, with its time over, so
  // that only the requests that need it fail. What a file or the store does not give is an error, as is what
  // could never be had; a vendor's key that was had before then says, in `usable_until`, how long it may
  // still be used by whoever has it. Variables, and files that never were, are left to whoever resolves them.
  Result<void> fetch(Config& config);

  // What was last fetched is in force: changed() asks for it from now on, and what nobody names any more is
  // forgotten.
  void confirm();

  // Asks Vault again. True: what fetch() would put in is not what it last put in, because a value is another
  // one, cannot be had any more, or can be had again.
  bool changed();
  // For the end of the process: whoever waits for Vault, and whoever would, is told at once that it cannot be
  // had. Any thread.
  void end() { client_.end(); }
  // When to ask. nullopt: nothing of what is in force is in Vault.
  std::optional<Millis> poll_after() const;

 private:
  struct Known {
    Secret value;
    std::optional<Nanos> lost_at;  // since when its place gives nothing
  };
  // One reference, once its place was asked. `reason`: why that gave nothing; empty: nobody knows yet.
  struct Lost {
    std::string place;  // in the configuration, and what it is there
    std::string reason;
    bool of_vendor = false;
  };

  std::map<std::string, std::string> ask_vault(Config& config);
  bool differs(const VaultClient::Answers& answers) const;
  Result<void> settle(SecretRef& ref, const Lost& lost);
  Result<void> keep_last(SecretRef& ref, const Lost& lost);

  std::function<Nanos()> now_;
  std::map<std::string, Known> known_;  // by the reference's text
  VaultClient client_{now_};
  struct Places {
    std::optional<VaultConfig> vault;      // if something is there
    std::set<std::string> vault_names;     // PATH#KEY
    std::map<std::string, Secret> values;  // by the references' texts
  };
  Places fetched_, in_force_;
  Millis keep_{0};
};

}  // namespace sluice
