#include "policy/router.h"

namespace sluice {
namespace {

// Literals are folded where the API is, and then so is `folded`. From the end, where paths differ most.
bool fits(const Operation& operation, const DecodedPath& path) {
  const std::vector<std::string_view>& literals = path.comparable();
  for (size_t i = operation.segments.size(); i-- > 0;) {
    const PathSegment& segment = operation.segments[i];
    if (segment.parameter ? path.segments[i].empty() : segment.text != literals[i]) return false;
  }
  return true;
}

}  // namespace

Router::Router(const std::vector<Operation>& operations) : operations_(&operations) {
  for (size_t i = 0; i < operations.size(); ++i) {
    const size_t length = operations[i].segments.size();
    if (by_length_.size() <= length) by_length_.resize(length + 1);
    by_length_[length].push_back(static_cast<uint32_t>(i));
  }
}

void Router::find(std::string_view method, Target& target) const {
  const DecodedPath& path = target.path;
  if (path.segments.size() >= by_length_.size()) return;
  for (uint32_t index : by_length_[path.segments.size()]) {
    const Operation& operation = (*operations_)[index];
    if (!fits(operation, path)) continue;
    if (operation.method != method && !(method == "HEAD" && operation.method == "GET")) continue;
    const size_t first = target.parameters.size();
    for (size_t i = 0; i < operation.segments.size(); ++i) {
      const PathSegment& segment = operation.segments[i];
      if (segment.parameter) target.parameters.push_back({segment.text, path.segments[i]});
    }
    target.fits.push_back({&operation, first, target.parameters.size() - first});
  }
}

}  // namespace sluice
