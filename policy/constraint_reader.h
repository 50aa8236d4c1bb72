// constraint_reader: the YAML of constraints to the rule model: `param`, `query`, `header` and `body` of a
// rule. Every problem is a finding at its place.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/finding.h"
#include "policy/rule.h"

namespace sluice {

// A map of keywords, a plain value (const) or a plain list (enum).
std::optional<Constraint> read_constraint(const Value& value, std::string_view what, Findings& findings);

// Of the fields `param`, `query` and `header`: a map from names to constraints.
std::vector<NamedConstraint> read_named_constraints(const Value& value, Field field, Findings& findings);
// Of the field `body`: a map from JSON Pointers to constraints.
std::vector<BodyConstraint> read_body_constraints(const Value& value, Findings& findings);

// A value on one line, as the file has it: {maxItems: 2}. Long texts are cut.
std::string flow_text(const Value& value);

}  // namespace sluice
