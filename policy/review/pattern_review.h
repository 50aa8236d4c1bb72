// pattern_review: what is suspicious about a `pattern` (RE2, found anywhere in the text unless it is
// anchored). Both say nothing unless they are certain. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// "every text", "every text without a line end", or "": which texts it matches, when that asks nothing of
// them.
std::string_view matches_everything(std::string_view pattern);

// Why the whole text was probably meant, though a part suffices; "" if nothing shows it.
std::string missing_anchor(std::string_view pattern);

}  // namespace sluice
