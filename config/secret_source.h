// secret_source: SecretRef to Secret. A file's surrounding white space is trimmed.
// Fails with an error that names the variable or the file, never a value: unset, empty, unreadable,
// a directory, larger than 64 KiB. What is sealed or in Vault is what proxy/keys has put into the reference:
// not fetched, it is an error.
#pragma once

#include <cstddef>
#include <string_view>

#include "config/result.h"
#include "config/secret.h"

namespace sluice {

constexpr size_t kMaximumSecretSize = 64 * 1024;

Result<Secret> resolve_secret(const SecretRef& ref);
// The same for a text of several lines, such as a PEM.
Result<Secret> resolve_secret_lines(const SecretRef& ref);
// Without the white space at both ends, line breaks included.
std::string_view trim_lines(std::string_view text);

}  // namespace sluice
