// query_names: which name a server may read in the name of a query parameter. Pure; any thread; no
// allocation.
#pragma once

#include <string_view>

namespace sluice {

// Whether some servers take a parameter of this name for the one that is `wanted`: written as an array or a
// member (wanted[], wanted[0], filter.wanted), with white space around it. Case counts: fold both first.
bool may_mean(std::string_view name, std::string_view wanted);

// _method and its kin, in a query or a body: some frameworks take its value for the request's method.
bool names_method_override(std::string_view name);

}  // namespace sluice
