// server_names: which certificate fits the name that a client asks for (SNI). Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Whether a certificate's name covers a host: the same, or "*." for exactly one leftmost label (RFC
// 9525 6.3). `pattern` is in lower case; `host` in any.
bool covers(std::string_view pattern, std::string_view host);

// The index of the certificate to present; `names` holds the DNS names of each. One that has the very name
// comes before one with a wildcard, and an earlier before a later; the first when none fits.
size_t choose_certificate(std::span<const std::vector<std::string>> names, std::string_view host);

}  // namespace sluice
