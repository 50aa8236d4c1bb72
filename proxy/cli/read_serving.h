// read_serving: what a gate serves by, from the files on disk: configuration, catalogues and policy, then
// secrets and certificates. For the start and for each reload. Any thread, one at a time.
#pragma once

#include <string>

#include "proxy/gate/serving_files.h"

namespace sluice {

// The rule of the finding for a secret or a certificate that cannot be had.
inline constexpr std::string_view kUnavailable = "unavailable";

ServingRead read_serving(const std::string& path, const Serving* before, Secrets& secrets);

}  // namespace sluice
