// watched_files: every file that a configuration names and that is read: a change of one is a reason to
// reload. But for files of JWTs' keys and the pod's own token, which are read anew by whoever needs them.
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"

namespace sluice {

// The configuration file first; each once.
std::vector<std::string> watched_files(const Config& config);

}  // namespace sluice
