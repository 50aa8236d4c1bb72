#include "proxy/cli/keys_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/config_parts.h"
#include "config/config_reader.h"
#include "config/secret_refs.h"
#include "config/text_check.h"
#include "proxy/cli/forbid_dumps.h"
#include "proxy/cli/read_value.h"
#include "proxy/crypto.h"
#include "proxy/keys/sealed_store.h"
#include "proxy/keys/unseal.h"

namespace sluice {

namespace {

int keys_failure(const std::string& message, int exit_code = 2) {
  std::cerr << "sluice: " << printable(message) << '\n';
  return exit_code;
}

struct StorePlace {
  Config config;
  std::string path;
  Secret master;
};

// Where the store is, and its master.
Result<StorePlace> find_store(const std::string& config_path) {
  forbid_dumps();
  Findings findings;
  auto config = read_config_file(config_path, findings);
  findings.sort();
  for (const Finding& finding : findings.all()) std::cerr << to_text(finding) << '\n';
  if (!config) return Error{"the configuration has errors"};
  if (!config->sealed_keys)
    return Error{config_path +
                 " has no sealed_keys: add sealed_keys: { path: keys.sealed, master: { env: NAME } }"};
  auto master = read_master(config->sealed_keys->master);
  if (!master) return master.error();
  std::string path = config->sealed_keys->path;
  return StorePlace{*std::move(config), std::move(path), std::move(*master)};
}

Result<SealedStore> open_or_make(const StorePlace& place) {
  if (::access(place.path.c_str(), F_OK) != 0 && errno == ENOENT)
    return SealedStore::make(place.path, place.master);
  return SealedStore::open(place.path, place.master);
}

struct SealOptions {
  std::string config, name;
  bool replace = false;
};

int refuse_sealed(const std::string& name) {
  return keys_failure(name + " is sealed already: --replace puts a new value in its place", 1);
}

int seal_key(const SealOptions& options) {
  if (!is_name(options.name))
    return keys_failure("NAME: expected letters, digits, ., _ and -, starting with a letter or a digit");
  const auto place = find_store(options.config);
  if (!place) return keys_failure(place.error().message);
  // Before anybody is asked: whether the store can be had at all.
  if (const auto store = open_or_make(*place); !store) {
    return keys_failure(store.error().message);
  } else if (store->find(options.name) != nullptr && !options.replace) {
    return refuse_sealed(options.name);
  }
  auto value = read_value(options.name);
  if (!value) return keys_failure(value.error().message);
  const std::string digits = fingerprint(*value);
  const auto lock = StoreLock::wait(place->path);
  if (!lock) return keys_failure(lock.error().message);
  auto store = open_or_make(*place);
  if (!store) return keys_failure(store.error().message);
  if (store->find(options.name) != nullptr && !options.replace) return refuse_sealed(options.name);
  store->put(options.name, std::move(*value));
  if (auto saved = store->save(); !saved) return keys_failure(saved.error().message);
  std::cout << options.name << "  " << digits << '\n';
  return 0;
}

int list_keys(const std::string& config_path, const std::string& format) {
  const auto place = find_store(config_path);
  if (!place) return keys_failure(place.error().message);
  const auto store = SealedStore::open(place->path, place->master);
  if (!store) return keys_failure(store.error().message);
  if (format == "json") {
    auto keys = nlohmann::ordered_json::array();
    for (const SealedStore::Key& key : store->keys())
      keys.push_back({{"name", key.name}, {"fingerprint", fingerprint(key.value)}});
    std::cout << nlohmann::ordered_json{{"keys", std::move(keys)}}.dump(2) << '\n';
    return 0;
  }
  size_t width = 0;
  for (const SealedStore::Key& key : store->keys()) width = std::max(width, key.name.size());
  for (const SealedStore::Key& key : store->keys())
    std::cout << key.name << std::string(width - key.name.size() + 2, ' ') << fingerprint(key.value) << '\n';
  return 0;
}

int remove_key(const std::string& config_path, const std::string& name) {
  const auto place = find_store(config_path);
  if (!place) return keys_failure(place.error().message);
  const auto lock = StoreLock::wait(place->path);
  if (!lock) return keys_failure(lock.error().message);
  auto store = SealedStore::open(place->path, place->master);
  if (!store) return keys_failure(store.error().message);
  if (!store->remove(name)) return keys_failure(name + " is not in " + place->path, 1);
  if (auto saved = store->save(); !saved) return keys_failure(saved.error().message);
  std::cout << name << " removed\n";
  for_each_secret_ref(place->config, [&name](const SecretRef& ref, std::string_view what) {
    if (ref.kind != SecretRef::Kind::kSealed || ref.name != name) return;
    std::cerr << to_text(Finding{ref.at, Severity::kWarning, "", std::string(what) + " still names it"})
              << '\n';
  });
  return 0;
}

int reseal_keys(const std::string& config_path, const SecretRef& new_master) {
  const auto place = find_store(config_path);
  if (!place) return keys_failure(place.error().message);
  const auto master = read_master(new_master);
  if (!master) return keys_failure(master.error().message);
  const auto lock = StoreLock::wait(place->path);
  if (!lock) return keys_failure(lock.error().message);
  auto store = SealedStore::open(place->path, place->master);
  if (!store) return keys_failure(store.error().message);
  if (auto saved = store->save_under(*master); !saved) return keys_failure(saved.error().message);
  std::cout << store->keys().size() << (store->keys().size() == 1 ? " key is" : " keys are")
            << " sealed under the master in " << to_text(new_master)
            << ": name it in sealed_keys.master before the gate is started again\n";
  return 0;
}

void add_seal(CLI::App& keys, int& exit_code) {
  CLI::App* command =
      keys.add_subcommand("seal", "Seal a value: asked for on the terminal, or read from stdin");
  auto options = std::make_shared<SealOptions>();
  command->add_option("NAME", options->name, "What { sealed: NAME } says in the configuration")->required();
  command->add_option("--config", options->config, "The configuration file")->required();
  command->add_flag("--replace", options->replace, "Put it in the place of the value of that name");
  command->footer(
      "From stdin one final newline does not count. A value is one line, or a PEM. Prints the name and the "
      "value's\n"
      "fingerprint. Exits 0 when it is sealed, 1 when the name is taken, 2 when it cannot be.");
  command->callback([options, &exit_code] { exit_code = seal_key(*options); });
}

void add_list(CLI::App& keys, int& exit_code) {
  CLI::App* command = keys.add_subcommand("list", "Print the names and fingerprints of the sealed values");
  auto path = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("text");
  command->add_option("--config", *path, "The configuration file")->required();
  command->add_option("--format", *format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->footer("A fingerprint is the first 12 hex digits of the value's SHA-256.");
  command->callback([path, format, &exit_code] { exit_code = list_keys(*path, *format); });
}

void add_remove(CLI::App& keys, int& exit_code) {
  CLI::App* command = keys.add_subcommand("remove", "Remove a value from the store");
  auto path = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "The sealed value's name")->required();
  command->add_option("--config", *path, "The configuration file")->required();
  command->footer("Exits 0 when it is removed, 1 when there is none of that name, 2 when it cannot be.");
  command->callback([path, name, &exit_code] { exit_code = remove_key(*path, *name); });
}

void add_reseal(CLI::App& keys, int& exit_code) {
  CLI::App* command = keys.add_subcommand("reseal", "Seal every value anew, under a new master");
  auto path = std::make_shared<std::string>();
  auto variable = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  command->add_option("--config", *path, "The configuration file, which still names the old master")
      ->required();
  CLI::Option_group* group = command->add_option_group("New master", "at least 16 octets");
  group->add_option("--new-master-env", *variable, "The environment variable that holds it");
  group->add_option("--new-master-file", *file, "The file that holds it");
  group->require_option(1);
  command->footer("The configuration has to name the new master afterwards.");
  command->callback([path, variable, file, &exit_code] {
    const bool is_file = variable->empty();
    exit_code = reseal_keys(
        *path, {is_file ? SecretRef::Kind::kFile : SecretRef::Kind::kEnv, is_file ? *file : *variable, {}});
  });
}

}  // namespace

void add_keys_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("keys", "Seal vendor keys and other secrets into an encrypted file");
  command->require_subcommand(1);
  add_seal(*command, exit_code);
  add_list(*command, exit_code);
  add_remove(*command, exit_code);
  add_reseal(*command, exit_code);
}

}  // namespace sluice
