// conditions_reader: `when` of a rule, and the `not` in it. Every problem is a finding at its place.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/document.h"
#include "config/finding.h"
#include "policy/rule.h"
#include "policy/vocabulary.h"

namespace sluice {

// Those read so far, by name: a policy names few, and may do so in many rules.
using Zones = std::map<std::string, std::shared_ptr<const TimeZone>>;

// Fills rule.when, rule.excluded and rule.when_text.
void read_when(const Value& value, const Vocabulary& vocabulary, Zones& zones, Rule& rule,
               Findings& findings);

}  // namespace sluice
