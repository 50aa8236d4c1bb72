// diff_fingerprint: a text that is equal for rules that mean the same, whatever their id and reason. Pure;
// any thread.
#pragma once

#include <string>

#include "policy/rule.h"

namespace sluice {

std::string fingerprint(const Rule& rule);

}  // namespace sluice
