// path: the one canonical reading of a request target's path and query. What has two readings is refused,
// never repaired: dot segments, repeated slashes, an encoded slash, backslash, NUL, ?, # or dot segment at
// any depth
// (%252f), %uXXXX, invalid or overlong UTF-8, a raw backslash or #, a bad percent sequence (interface section
// 3). Pure; any thread. Matching uses what is decoded here; what is sent is the octets as they came.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"

namespace sluice {

struct DecodedPath {
  std::vector<std::string> segments;  // decoded; a trailing slash gives an empty last segment
  std::vector<std::string> folded;    // case-folded segments; empty unless folding was asked for

  // What literals are compared with.
  const std::vector<std::string>& comparable() const { return folded.empty() ? segments : folded; }
};

struct QueryParameter {
  std::string name;   // decoded, + as space; folded if asked for
  std::string value;  // decoded; may hold a NUL, which matchers.h takes for a value with two readings
};

// `path` starts with "/" and has no query. The error is the detail for a 400.
Result<DecodedPath> decode_path(std::string_view path, bool fold);
// `query` is without the "?". Pairs are split at & only; ";" stays part of a value.
Result<std::vector<QueryParameter>> decode_query(std::string_view query, bool fold);

}  // namespace sluice
