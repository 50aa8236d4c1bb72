#include "proxy/keys/secret_sources.h"

#include "config/secret_refs.h"
#include "config/secret_source.h"
#include "config/wipe.h"
#include "proxy/keys/unseal.h"
#include "proxy/log.h"

namespace sluice {
namespace {

std::string path_of(const std::string& name) { return name.substr(0, name.find('#')); }
std::string key_of(const std::string& name) { return name.substr(name.find('#') + 1); }

std::set<std::string> paths_of(const std::set<std::string>& names) {
  std::set<std::string> paths;
  for (const std::string& name : names) paths.insert(path_of(name));
  return paths;
}

Result<Secret> find(const VaultClient::Answers& answers, const std::string& name) {
  const Result<VaultSecret>& answer = answers.at(path_of(name));
  if (!answer) return answer.error();
  const auto found = answer->values.find(key_of(name));
  if (found == answer->values.end())
    return Error{"vault " + name + ": the secret has no such key with a text of 1 octet to 64KiB"};
  return found->second;
}

}  // namespace

// Why each name that has no value has none.
std::map<std::string, std::string> SecretSources::ask_vault(Config& config) {
  std::map<std::string, std::string> reasons;
  for_each_secret_ref(config, [this](const SecretRef& ref, std::string_view) {
    if (ref.kind == SecretRef::Kind::kVault) fetched_.vault_names.insert(ref.name);
  });
  if (fetched_.vault_names.empty()) return reasons;
  fetched_.vault = config.vault;
  const VaultClient::Answers answers = client_.read(*fetched_.vault, paths_of(fetched_.vault_names));
  for_each_secret_ref(config, [&](SecretRef& ref, std::string_view) {
    if (ref.kind != SecretRef::Kind::kVault) return;
    Result<Secret> value = find(answers, ref.name);
    if (value) {
      ref.fetched = std::move(*value);
    } else {
      reasons.emplace(ref.name, value.error().message);
    }
  });
  return reasons;
}

Result<void> SecretSources::keep_last(SecretRef& ref, const Lost& lost) {
  const auto known = known_.find(to_text(ref));
  if (known == known_.end()) {
    // What is wrong with a file is said where it is resolved.
    if (ref.kind == SecretRef::Kind::kFile) return {};
    return Error{lost.place + lost.reason};
  }
  Known& last = known->second;
  const Nanos now = now_();
  if (!last.lost_at) {
    log_warning("secret lost",
                {{"place", to_text(ref)}, {"reason", lost.reason}, {"used_for", format_duration(keep_)}});
    last.lost_at = now;
  }
  const Nanos until = *last.lost_at + keep_;
  ref.fetched = last.value;
  if (lost.of_vendor) ref.usable_until = until;
  const bool is_kept = ref.kind == SecretRef::Kind::kVault && (now < until || lost.of_vendor);
  if (!is_kept) return Error{lost.place + lost.reason};
  fetched_.values[to_text(ref)] = last.value;
  return {};
}

Result<void> SecretSources::settle(SecretRef& ref, const Lost& lost) {
  if (ref.kind == SecretRef::Kind::kEnv) return {};  // a process' own do not change
  Secret value = ref.fetched;
  if (ref.kind == SecretRef::Kind::kFile) {
    Result<Secret> read = lost.of_vendor ? resolve_secret(ref) : resolve_secret_lines(ref);
    if (!read) return keep_last(ref, {lost.place, read.error().message, lost.of_vendor});
    value = std::move(*read);
  }
  if (value.empty()) return keep_last(ref, lost);
  fetched_.values[to_text(ref)] = std::move(value);
  const auto known = known_.find(to_text(ref));
  if (known == known_.end() || !known->second.lost_at) return {};
  log_info("secret found again", {{"place", to_text(ref)}});
  known->second.lost_at.reset();
  return {};
}

// What is kept stays lost.
void SecretSources::confirm() {
  std::map<std::string, Known> now;
  for (const auto& [text, value] : fetched_.values) {
    const auto before = known_.find(text);
    now[text] = {value, before != known_.end() ? before->second.lost_at : std::nullopt};
  }
  known_ = std::move(now);
  fetched_.values.clear();
  in_force_ = fetched_;
}

Result<void> SecretSources::fetch(Config& config) {
  keep_ = config.secrets.keep;
  fetched_ = {};
  std::string why_sealed;
  if (auto unsealed = unseal(config); !unsealed) why_sealed = unsealed.error().message;
  if (config.vault && config.vault->token.kind == SecretRef::Kind::kSealed && !why_sealed.empty())
    return Error{why_sealed};
  const std::map<std::string, std::string> why_vault = ask_vault(config);
  std::set<const SecretRef*> of_vendor;
  for (const ApiConfig& api : config.apis) {
    for (const SecretRef& ref : api.credential.read) of_vendor.insert(&ref);
    for (const SecretRef& ref : api.credential.full) of_vendor.insert(&ref);
  }
  Result<void> all;
  for_each_secret_ref(config, [&](SecretRef& ref, std::string_view what) {
    if (config.vault && &ref == &config.vault->token)
      return;                                             // whoever asks Vault says what is wrong with it
    Lost lost{"", why_sealed, of_vendor.contains(&ref)};  // which names its place itself
    if (ref.kind != SecretRef::Kind::kSealed) lost.place = place_of(ref.at) + std::string(what) + ": ";
    if (ref.kind == SecretRef::Kind::kVault) {
      const auto reason = why_vault.find(ref.name);
      lost.reason = reason != why_vault.end() ? reason->second : "";
    }
    if (auto settled = settle(ref, lost); !settled && all.ok()) all = settled;
  });
  return all;
}

bool SecretSources::changed() {
  if (!in_force_.vault) return false;
  const bool is_changed = differs(client_.read(*in_force_.vault, paths_of(in_force_.vault_names)));
  wipe_thread();
  return is_changed;
}

bool SecretSources::differs(const VaultClient::Answers& answers) const {
  for (const std::string& name : in_force_.vault_names) {
    const Result<Secret> value = find(answers, name);
    const auto known = known_.find(to_text(SecretRef{SecretRef::Kind::kVault, name, {}}));
    const bool had = known != known_.end() && !known->second.lost_at;
    if (value.ok() != had) return true;
    if (value && !value->equals(known->second.value.reveal())) return true;
  }
  return false;
}

std::optional<Millis> SecretSources::poll_after() const {
  if (!in_force_.vault) return std::nullopt;
  return client_.good_for();
}

}  // namespace sluice
