#include "policy/router.h"

#include "config/ascii.h"

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

bool is_called_by(const Operation& operation, std::string_view method) {
  return operation.method == method || (method == "HEAD" && operation.method == "GET");
}

// Whatever the case. Requires: as many segments.
bool resembles(const Operation& operation, const std::vector<std::string_view>& path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const PathSegment& segment = operation.segments[i];
    if (segment.parameter ? path[i].empty() : !equals_ignoring_case(segment.text, path[i])) return false;
  }
  return true;
}

// Whether one of the first `count` fits is of that slot, and its parameters are these segments; without any
// segments, whatever they are.
bool fits_already(const Target& target, size_t count, const Operation& operation, size_t slot,
                  const std::vector<std::string_view>& path) {
  for (size_t i = 0; i < count; ++i) {
    if (target.fits[i].slot != slot) continue;
    bool same = true;
    size_t next = target.fits[i].first_parameter;
    for (size_t at = 0; at < path.size(); ++at) {
      if (operation.segments[at].parameter) same = same && target.parameters[next++].value == path[at];
    }
    if (same) return true;
  }
  return false;
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
    if (!is_called_by(operation, method)) continue;
    const size_t first = target.parameters.size();
    for (size_t i = 0; i < rest; ++i) {
      const PathSegment& segment = operation.segments[i];
      if (segment.parameter) target.parameters.push_back({segment.text, segments[i]});
    }
    target.fits.push_back({&operation, entry.slot, first, target.parameters.size() - first});
  }
}

void Router::find_leniently(std::string_view method, Target& target) const {
  const std::vector<std::string_view>& path = target.path.leniently();
  if (path.size() >= by_length_.size()) return;
  if (target.path.lenient.empty() && !target.path.folded.empty()) return;  // find() has ignored case
  const size_t exact = target.fits.size();
  for (const Entry& entry : by_length_[path.size()]) {
    if (!entry.last.empty() && entry.last.size() != path.back().size()) continue;
    const Operation& operation = *entry.operation;
    if (fits_already(target, exact, operation, entry.slot, target.path.lenient)) continue;
    if (!is_called_by(operation, method) || !resembles(operation, path)) continue;
    const size_t first = target.parameters.size();
    for (size_t i = 0; i < path.size(); ++i) {
      const PathSegment& segment = operation.segments[i];
      if (segment.parameter) target.parameters.push_back({segment.text, path[i]});
    }
    target.fits.push_back({&operation, entry.slot, first, target.parameters.size() - first});
  }
}

bool Router::has_other_method(std::string_view method, const DecodedPath& path) const {
  const std::vector<std::string_view>& segments = path.leniently();
  if (segments.size() >= by_length_.size()) return false;
  for (const Entry& entry : by_length_[segments.size()]) {
    const Operation& operation = *entry.operation;
    if (operation.access == Access::kWrite && operation.method != method && resembles(operation, segments))
      return true;
  }
  return false;
}

}  // namespace sluice
