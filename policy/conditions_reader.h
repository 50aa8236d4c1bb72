// conditions_reader: `when` of a rule, and the `not` in it. Every problem is a finding at its place.
#pragma once

#include "config/document.h"
#include "config/finding.h"
#include "policy/rule.h"
#include "policy/vocabulary.h"

namespace sluice {

// Fills rule.when, rule.excluded and rule.when_text.
void read_when(const Value& value, const Vocabulary& vocabulary, Rule& rule, Findings& findings);

}  // namespace sluice
