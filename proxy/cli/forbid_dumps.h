// forbid_dumps: for commands that hold keys in memory: no core dump, no debugger of the same user.
#pragma once

namespace sluice {

void forbid_dumps();

}  // namespace sluice
