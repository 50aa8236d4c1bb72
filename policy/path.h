// path: the one canonical reading of a request target's path and query. What has two readings is refused,
// never repaired: dot segments, repeated slashes, an encoded slash, backslash, NUL, ?, # or dot segment at
// any depth
// (%252f), %uXXXX, invalid or overlong UTF-8, a raw backslash or #, a bad percent sequence (interface section
// 3). Pure; any thread. Matching uses what is decoded here; what is sent is the octets as they came.
// Lifetimes: what needs no decoding is a view into the text that was read, which has to outlive the result.
// Costs: one look at each octet; allocates for more segments, parameters or encoded texts than `out` has
// held.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "policy/text_store.h"

namespace sluice {

struct DecodedPath {
  std::vector<std::string_view> segments;  // decoded; a trailing slash gives an empty last segment
  std::vector<std::string_view> folded;    // case-folded segments; empty unless folding was asked for
  TextStore texts;                         // of the segments that differ from what was read

  // What literals are compared with.
  const std::vector<std::string_view>& comparable() const { return folded.empty() ? segments : folded; }
  void clear() {
    segments.clear();
    folded.clear();
    texts.clear();
  }
};

struct QueryParameter {
  std::string_view name;   // decoded, + as space; folded if asked for
  std::string_view value;  // decoded; may hold a NUL, which matchers.h takes for a value with two readings
};

struct DecodedQuery {
  std::vector<QueryParameter> parameters;
  TextStore texts;  // of the names and values that differ from what was read

  void clear() {
    parameters.clear();
    texts.clear();
  }
};

// `path` starts with "/" and has no query. The error is the detail for a 400, and leaves `out` empty.
Result<void> decode_path(std::string_view path, bool fold, DecodedPath& out);
Result<DecodedPath> decode_path(std::string_view path, bool fold);
// `query` is without the "?". Pairs are split at & only; ";" stays part of a value. Errors as above.
Result<void> decode_query(std::string_view query, bool fold, DecodedQuery& out);
Result<DecodedQuery> decode_query(std::string_view query, bool fold);

}  // namespace sluice
