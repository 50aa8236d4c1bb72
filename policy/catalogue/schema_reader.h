// schema_reader: the `body` of a catalogue's operation to BodySchema: the subset of JSON Schema that
// catalogues use. An unknown keyword, or one that does not speak of the schema's type, is a finding: a check
// that would silently not happen is worse than none. Pure; any thread.
#pragma once

#include "config/document.h"
#include "config/finding.h"
#include "policy/catalogue/catalogue.h"

namespace sluice {

// `fold`: member names are stored case-folded, as bodies of case-insensitive APIs are read.
BodySchema read_body_schema(const Value& value, bool fold, Findings& findings);

// [a-z0-9-]+ or a finding for each; used for operations and for members.
void check_tags(const Value& list, const std::vector<std::string>& tags, Findings& findings);

}  // namespace sluice
