// name_review: names of a rule that nothing it is about has: members of a body, query parameters, paths that
// begin with an API's name. A rule with such a name is valid, and says nothing. Pure; silent in doubt.
#pragma once

#include <cstdint>
#include <span>

#include "config/finding.h"
#include "policy/compiler.h"

namespace sluice {

// `slots`: those that the rule matches something of.
void review_names(const Rule& rule, std::span<const uint32_t> slots, const CompiledPolicy& policy,
                  Findings& findings);

}  // namespace sluice
