// capture: which fields of bodies the audit's events carry (`audit.capture`), and their values. A field is
// known to the catalogue, a single value, and no part of a credential: each is checked when the policy is
// compiled, and the last once more on each request, by every operation that it fits. Pure; any thread.
#pragma once

#include <vector>

#include "config/finding.h"
#include "config/model.h"
#include "policy/compiler.h"
#include "policy/decision.h"
#include "policy/json_view.h"

namespace sluice {

constexpr size_t kMostCapturedFields = 32;    // of one request
constexpr size_t kLongestCapturedText = 256;  // octets; a hash is of all of it

// Adds the captures to the operations that they name. False when a finding is an error: a pattern that names
// no operation, a pointer that none of its operations knows, or that names an object, an array or a
// credential. A pattern with * passes over operations that lack the field, or hold a credential there.
// Requires: the rules are compiled.
bool compile_captures(const std::vector<CaptureConfig>& captures, CompiledPolicy& policy, Findings& findings);

// Appends to `out` what the body holds of the captured fields. Objects and arrays are left out, whatever the
// catalogue says of them. Costs nothing where nothing is captured, else what the pointers pass by.
void capture_fields(const CompiledPolicy& policy, const Target& target, const JsonValue& body, Decision& out);

}  // namespace sluice
