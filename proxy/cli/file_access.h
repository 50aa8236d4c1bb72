// file_access: whether the files that a configuration names are open to others than the gate and its group:
// secrets, private keys, the sealed store and the spool that others may read or write, everything else that
// they may write, and folders in which they could replace a file. Looks at modes alone, opens nothing. What
// is not there, or cannot be looked at, is no finding but a note for the spool: files are checked on other
// machines too. Any thread.
#pragma once

#include "config/finding.h"
#include "config/model.h"

namespace sluice {

void add_file_warnings(const Config& config, Findings& findings);

}  // namespace sluice
