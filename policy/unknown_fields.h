// unknown_fields: which members of a body no catalogue names, so that a vendor's new feature is seen the
// first time it is used. Names only, never values. Pure; any thread; linear in the body.
#pragma once

#include <string>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/json_view.h"

namespace sluice {

// JSON Pointers, * for every item of an array: at most 16, each cut at 128 octets. Only objects whose members
// the schema names are looked at.
std::vector<std::string> find_unknown_fields(const BodySchema& schema, const JsonValue& body);

}  // namespace sluice
