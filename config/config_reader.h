// config_reader: the configuration file to Config. Reports everything wrong in one run.
// ${NAME} in a value is replaced from the environment, except in secrets; an unset variable is a finding.
// Resolves no secret and opens no file but the one named.
#pragma once

#include <optional>
#include <string>

#include "config/finding.h"
#include "config/model.h"

namespace sluice {

// nullopt when a finding is an error.
std::optional<Config> read_config_file(const std::string& path, Findings& findings);
std::optional<Config> read_config(std::string_view text, const std::string& file, Findings& findings);

}  // namespace sluice
