// push_list: how Push Security lists things: filters from the query, then a page of `result` with `paging`.
// Thread: any.
#pragma once

#include <span>

#include "proxy/cli/simulate/collection.h"
#include "proxy/cli/simulate/routes.h"

namespace sluice {

// One query parameter and the member that it speaks of.
struct PushFilter {
  enum class Kind { kEquals, kContains, kAfter, kBefore, kIncludes, kBoolean };

  std::string_view parameter;
  const char* member;
  Kind kind;
};

// 400 for a limit, offset, token, time or boolean that is none, and for a token beside an offset.
HttpResponse answer_push_list(const Call& call, const Collection& collection,
                              std::span<const PushFilter> filters);

}  // namespace sluice
