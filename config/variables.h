// variables: ${NAME} in the values of a configuration, replaced from the environment (interface 2.2).
// Fails: an unset variable and a malformed ${ are findings. Keys are never replaced, and no replaced text is
// read as YAML again: a variable can change a value, not the structure.
#pragma once

#include "config/document.h"

namespace sluice {

// Leaves the places of secrets as they are: read_secret_ref refuses what stands there.
void replace_variables(Value& configuration, Findings& findings);

// [A-Za-z_][A-Za-z0-9_]*
bool is_variable_name(std::string_view text);

}  // namespace sluice
