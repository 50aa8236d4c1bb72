// findings_json: findings as the JSON documents of `check` and `test` list them. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "config/finding.h"

namespace sluice {

nlohmann::ordered_json findings_json(const Findings& findings);

}  // namespace sluice
