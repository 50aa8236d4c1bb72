// yaml_reader: text to Document. The only place that knows yaml-cpp.
// Fails: reports every problem to the findings. nullopt: there is no tree. A tree may come with errors (a
// duplicate key, an anchor), so that the rest of the file is checked in the same run: whoever calls looks at
// has_errors() too.
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

constexpr size_t kMaximumFileSize = 10 * 1024 * 1024;

// A directory, a missing, an unreadable or a larger file is an error that says which.
// The text is read into one buffer that is never reallocated, so that a caller can wipe it.
Result<std::string> read_file(const std::string& path, size_t maximum_size = kMaximumFileSize);
std::optional<Value> read_yaml_file(const std::string& path, Findings& findings);

// `path` as seen from the folder of `from_file`; absolute paths stay.
std::string resolve_path(const std::string& from_file, const std::string& path);

}  // namespace sluice
