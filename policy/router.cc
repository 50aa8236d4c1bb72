#include "policy/router.h"

namespace sluice {
namespace {

// Literals are folded where the API is, and then so are `literals`, the path's. Looks at the first `count`
// segments.
bool fits(const Operation& operation, const DecodedPath& path, const std::vector<std::string_view>& literals,
          size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const PathSegment& segment = operation.segments[i];
    if (segment.parameter ? path.segments[i].empty() : segment.text != literals[i]) return false;
  }
  return true;
}

}  // namespace

Router::Router(const std::vector<Operation>& operations, size_t first_slot) {
  for (const Operation& operation : operations) {
    const size_t length = operation.segments.size();
    if (by_length_.size() <= length) by_length_.resize(length + 1);
    const bool literal = length > 0 && !operation.segments.back().parameter;
    const std::string_view last = literal ? std::string_view(operation.segments.back().text) : "";
    by_length_[length].push_back({last, &operation, first_slot++});
  }
}

void Router::find(std::string_view method, Target& target) const {
  const std::vector<std::string_view>& segments = target.path.segments;
  const std::vector<std::string_view>& literals = target.path.comparable();
  if (segments.size() >= by_length_.size()) return;
  for (const Entry& entry : by_length_[segments.size()]) {
    if (!entry.last.empty() && entry.last != literals.back()) continue;
    const Operation& operation = *entry.operation;
    const size_t rest = segments.size() - (entry.last.empty() ? 0 : 1);
    if (!fits(operation, target.path, literals, rest)) continue;
    if (operation.method != method && !(method == "HEAD" && operation.method == "GET")) continue;
    const size_t first = target.parameters.size();
    for (size_t i = 0; i < rest; ++i) {
      const PathSegment& segment = operation.segments[i];
      if (segment.parameter) target.parameters.push_back({segment.text, segments[i]});
    }
    target.fits.push_back({&operation, entry.slot, first, target.parameters.size() - first});
  }
}

}  // namespace sluice
