// read_value: a secret from who runs a command: from the terminal, asked twice without echo, or from stdin
// when that is none, where one final newline does not count. Thread: the main one; it blocks.
#pragma once

#include <string>

#include "config/result.h"
#include "config/secret.h"

namespace sluice {

// Refuses what is empty, larger than a secret may be, or holds control characters; the lines of a PEM are let
// through. The error never holds the value.
Result<Secret> read_value(const std::string& name);

}  // namespace sluice
