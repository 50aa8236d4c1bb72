// policy_reader: the text of a policy file to rules (interface section 3), with every name resolved.
// Reports everything wrong in one run, each at its place: unknown fields and names (with the nearest known
// one), duplicate ids, patterns that RE2 refuses, bad addresses, zones, times and pointers, constraints where
// none may stand.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"
#include "policy/rule.h"
#include "policy/vocabulary.h"

namespace sluice {

// In file order. nullopt when a finding is an error.
std::optional<std::vector<Rule>> read_policy(std::string_view text, const std::string& file,
                                             const Vocabulary& vocabulary, Findings& findings);

}  // namespace sluice
