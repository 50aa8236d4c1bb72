#include "proxy/net/clock.h"

#include <uv.h>

namespace sluice {

Nanos monotonic_now() { return Nanos(static_cast<int64_t>(uv_hrtime())); }

int64_t unix_ms_now() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace sluice
