// template_reader: a path template such as /v1/apps/{id} to PathSegments. A literal is written decoded and
// has to have one meaning: what decode_path would refuse, and what looks like a pattern, is a finding. Pure;
// any thread.
#pragma once

#include <string>
#include <vector>

#include "config/document.h"
#include "config/finding.h"
#include "policy/catalogue/catalogue.h"

namespace sluice {

enum class TemplateKind {
  kOperation,  // starts with "/"; a final "/" is an empty last segment, another path
  kBase,       // "" or literals only, without a final "/"
};

// Empty after a finding, and for an empty base. `at` is where the template stands.
std::vector<PathSegment> read_path_template(const std::string& text, const Value& at, TemplateKind kind,
                                            bool fold, Findings& findings);

}  // namespace sluice
