#include "proxy/keys/unseal.h"

#include "config/map_reader.h"
#include "config/secret_refs.h"
#include "config/secret_source.h"
#include "proxy/keys/sealed_store.h"

namespace sluice {
namespace {

std::string not_in_store(const SecretRef& ref, const std::string& path,
                         const std::vector<std::string>& names) {
  std::string hint = suggestion(ref.name, names);
  if (hint.empty()) hint = ", put it there with sluice keys seal " + ref.name;
  return "sealed " + ref.name + " is not in " + path + hint;
}

bool uses_sealed_secrets(const Config& config) {
  bool uses = false;
  for_each_secret_ref(config, [&uses](const SecretRef& ref, std::string_view) {
    uses = uses || ref.kind == SecretRef::Kind::kSealed;
  });
  return uses;
}

}  // namespace

std::string place_of(const Position& at) {
  return at.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
}

Result<Secret> read_master(const SecretRef& ref) {
  const auto whole = resolve_secret_lines(ref);
  if (!whole) return Error{"the master of the sealed keys: " + whole.error().message};
  Secret master{std::string(trim_lines(whole->reveal()))};
  if (master.reveal().size() < kShortestMaster)
    return Error{"the master of the sealed keys: " + to_text(ref) +
                 " holds less than 16 octets, which can be guessed: openssl rand -base64 32 makes one"};
  return master;
}

Result<void> unseal(Config& config) {
  if (!config.sealed_keys || !uses_sealed_secrets(config)) return {};
  const SealedKeysConfig& sealed = *config.sealed_keys;
  const auto master = read_master(sealed.master);
  if (!master) return Error{place_of(sealed.master.at) + master.error().message};
  const auto store = SealedStore::open(sealed.path, *master);
  if (!store) return Error{place_of(sealed.at) + store.error().message};
  std::vector<std::string> names;
  for (const SealedStore::Key& key : store->keys()) names.push_back(key.name);
  std::string missing;
  for_each_secret_ref(config, [&](SecretRef& ref, std::string_view what) {
    if (ref.kind != SecretRef::Kind::kSealed) return;
    const Secret* value = store->find(ref.name);
    if (value != nullptr) {
      ref.fetched = *value;
    } else if (missing.empty()) {
      missing = place_of(ref.at) + std::string(what) + ": " + not_in_store(ref, sealed.path, names);
    }
  });
  if (!missing.empty()) return Error{missing};
  return {};
}

void check_sealed_names(const Config& config, Findings& findings) {
  if (!config.sealed_keys || !uses_sealed_secrets(config)) return;
  const SealedKeysConfig& sealed = *config.sealed_keys;
  const auto store = read_store_file(sealed.path);
  if (!store) return findings.error(sealed.at, "unreadable-sealed-keys", store.error().message);
  std::vector<std::string> names;
  for (const SealedEntry& entry : store->entries) names.push_back(entry.name);
  for_each_secret_ref(config, [&](const SecretRef& ref, std::string_view what) {
    if (ref.kind != SecretRef::Kind::kSealed) return;
    for (const std::string& name : names) {
      if (name == ref.name) return;
    }
    findings.error(ref.at, "unknown-sealed-key",
                   std::string(what) + ": " + not_in_store(ref, sealed.path, names));
  });
}

}  // namespace sluice
