// open_fields: what of a rule remains to be looked at once the operation of a request is known: its API,
// access and tags are settled, and for most operations its method. Used when a policy is compiled. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "policy/compiler.h"
#include "policy/rule.h"

namespace sluice {

// Of a rule for a client whom its `when` names, if it names any. nullopt: no request of the operation can
// match `when`. A `not` that matches them all stays, and is open in no field. Errs on the side of open.
// Requires: catalogues and vocabulary of `policy` are filled.
std::optional<OpenFields> open_fields(const Rule& rule, size_t slot, const CompiledPolicy& policy);

}  // namespace sluice
