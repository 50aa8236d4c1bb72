#include "proxy/cli/forbid_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sluice {

void forbid_dumps() {
  prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

}  // namespace sluice
