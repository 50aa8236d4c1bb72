// path: the one canonical reading of a request target's path and query. What makes another path of it is
// refused, never repaired: dot segments, repeated slashes, an encoded slash, backslash, NUL, ?, # or dot
// segment at any depth (%252f), %uXXXX, invalid or overlong UTF-8, a raw backslash or #, a bad percent
// sequence (interface section 3). What only some servers read otherwise (/users/u1;x, a trailing slash) is
// kept beside it, for the policy to judge both. Pure; any thread. What is sent is the octets as they came.
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
  std::vector<std::string_view> lenient;   // as segment.h reads them; empty when no other than `segments`
  TextStore texts;                         // of the segments that differ from what was read

  // What literals are compared with.
  const std::vector<std::string_view>& comparable() const { return folded.empty() ? segments : folded; }
  // As the most lenient server reads them, but for their case.
  const std::vector<std::string_view>& leniently() const { return lenient.empty() ? segments : lenient; }
  void clear() {
    segments.clear();
    folded.clear();
    lenient.clear();
    texts.clear();
  }
};

struct QueryParameter {
  std::string_view name;   // decoded, + as space; folded if asked for
  std::string_view value;  // decoded; may hold a NUL, which matchers.h takes for a value with two readings
  bool doubtful = false;   // some servers read another name or value, or no parameter at all
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
// `query` is without the "?". Pairs are split at &; where one holds a ";", at which some servers split too,
// it is doubtful, and what follows each ";" is a doubtful parameter besides. Errors as above.
Result<void> decode_query(std::string_view query, bool fold, DecodedQuery& out);
Result<DecodedQuery> decode_query(std::string_view query, bool fold);

}  // namespace sluice
