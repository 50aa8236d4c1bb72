// secret_source: SecretRef to Secret. A file's surrounding white space is trimmed.
// Fails with an error that names the variable or the file, never a value: unset, empty, unreadable,
// a directory, larger than 64 KiB.
#pragma once

#include "config/result.h"
#include "config/secret.h"

namespace sluice {

Result<Secret> resolve_secret(const SecretRef& ref);
// The same for a text of several lines, such as a PEM.
Result<Secret> resolve_secret_lines(const SecretRef& ref);

}  // namespace sluice
