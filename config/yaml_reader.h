// yaml_reader: text to Document. The only place that knows yaml-cpp.
// Fails: reports every problem to the findings and returns nullopt.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/finding.h"
#include "config/result.h"

namespace sluice {

// `file` only names the source in positions.
std::optional<Value> read_yaml(std::string_view text, const std::string& file, Findings& findings);

// At most 10 MiB; a directory, a missing or an unreadable file is an error that says which.
Result<std::string> read_file(const std::string& path);
std::optional<Value> read_yaml_file(const std::string& path, Findings& findings);

// `path` as seen from the folder of `from_file`; absolute paths stay.
std::string resolve_path(const std::string& from_file, const std::string& path);

}  // namespace sluice
