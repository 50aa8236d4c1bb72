// sarif: findings as SARIF 2.1.0 (OASIS), which code hosts show beside the lines of a change. Pure.
#pragma once

#include <string>

#include "config/finding.h"

namespace sluice {

std::string to_sarif(const Findings& findings);

}  // namespace sluice
