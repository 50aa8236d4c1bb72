// diff_fingerprint: of each rule a text that is equal for rules that mean the same, whatever their id and
// reason. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "policy/rule.h"

namespace sluice {

std::vector<std::string> fingerprints(const std::vector<Rule>& rules);

}  // namespace sluice
