// load: the one way from files to a running policy, shared by `serve`, `check`, `explain` and reload:
// configuration, catalogues and policy. Resolves no secret.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/finding.h"
#include "config/model.h"
#include "policy/engine.h"

namespace sluice {

struct Loaded {
  Config config;
  std::unique_ptr<const Engine> engine;
  std::string policy_text;  // of the policy file
  // Lower-case hex SHA-256 of the policy file's text, followed by the text of each catalogue that is used.
  std::string policy_sha256;
  std::string config_sha256;  // of the configuration file's text
};

// A policy in the place of the one that the configuration names.
struct PolicyFile {
  std::string path;
  Position at;  // where it is named
};

// Reports what is wrong in all files that could be read. nullopt when a finding is an error. `on_config`, if
// any, is called with the configuration before the files that it names are read.
std::optional<Loaded> load_files(const std::string& config_path, Findings& findings,
                                 const std::optional<PolicyFile>& instead = std::nullopt,
                                 const std::function<void(const Config&)>& on_config = nullptr);

// Whether a file that is needed could not be read at all.
bool has_unreadable_file(const Findings& findings);

}  // namespace sluice
