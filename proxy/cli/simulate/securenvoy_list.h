// securenvoy_list: how a simulated SecurEnvoy tenant lists things: filters, sort, sortOrder, page, pageSize,
// and a plain array for an answer (the vendor documents none). Thread: any.
#pragma once

#include <span>

#include "proxy/cli/simulate/collection.h"
#include "proxy/cli/simulate/routes.h"

namespace sluice {

// `filters` are members; a query parameter of the same name, case apart, asks for a part of their text.
// 400 for a page, a page size or a sort order that is none.
HttpResponse answer_securenvoy_list(const Call& call, const Collection& collection,
                                    std::span<const char* const> filters);

}  // namespace sluice
