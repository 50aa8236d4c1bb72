#include "policy/review/diff_places.h"

#include <algorithm>
#include <set>

#include "policy/compiler.h"
#include "policy/review/diff_texts.h"

namespace sluice {
namespace {

std::vector<size_t> slots_of(const Target& target) {
  std::vector<size_t> slots;
  for (const Target::Fit& fit : target.fits) slots.push_back(fit.slot);
  return slots;
}

// The places in which one operation fits, alone or with others.
class PlacesOfOperation {
 public:
  PlacesOfOperation(const Engine& engine, size_t api, const Operation& operation, size_t slot)
      : engine_(engine), api_(api), operation_(operation), slot_(slot) {}

  void add_to(std::vector<DiffPlace>& places, std::set<std::vector<size_t>>& known) {
    std::vector<PathSegment> segments = operation_.segments;
    choose(0, segments, places, known);
  }

 private:
  // Leaves each parameter free first: of paths with the same fits, the most general is kept.
  void choose(size_t at, std::vector<PathSegment>& segments, std::vector<DiffPlace>& places,
              std::set<std::vector<size_t>>& known) {
    if (at == segments.size()) return keep(segments, places, known);
    choose(at + 1, segments, places, known);
    if (!operation_.segments[at].parameter) return;
    for (const std::string& literal : literals_at(engine_.catalogue(api_), at, segments.size())) {
      const PathSegment free = segments[at];
      segments[at] = {false, literal};
      choose(at + 1, segments, places, known);
      segments[at] = free;
    }
  }

  void keep(const std::vector<PathSegment>& segments, std::vector<DiffPlace>& places,
            std::set<std::vector<size_t>>& known) {
    std::string path;
    for (size_t i = 0; i < segments.size(); ++i) {
      const std::string text =
          segments[i].parameter ? plain_text_beside(literals_at(engine_.catalogue(api_), i, segments.size()))
                                : segments[i].text;
      path += "/" + percent_encode(text);
    }
    RequestView request;
    request.api = api_;
    request.method = operation_.method;
    request.path = path;
    const std::vector<size_t> slots = slots_of(engine_.resolve(request));
    if (std::find(slots.begin(), slots.end(), slot_) == slots.end()) return;
    if (known.insert(slots).second) places.push_back({api_, operation_.method, slots, segments});
  }

  const Engine& engine_;
  const size_t api_;
  const Operation& operation_;
  const size_t slot_;
};

}  // namespace

std::vector<DiffPlace> find_places(const Engine& engine) {
  const CompiledPolicy& policy = engine.compiled();
  std::vector<DiffPlace> places;
  std::set<std::vector<size_t>> known;
  for (size_t slot = 0; slot < policy.vocabulary.slots.size(); ++slot) {
    const size_t api = policy.vocabulary.slots[slot].api;
    if (const Operation* operation = policy.operation(slot)) {
      PlacesOfOperation(engine, api, *operation, slot).add_to(places, known);
    } else {
      places.push_back({api, "", {slot}, {}});
    }
  }
  return places;
}

std::vector<std::string> literals_at(const Catalogue& catalogue, size_t index, size_t length) {
  std::set<std::string> literals;
  for (const Operation& operation : catalogue.operations) {
    if (length != 0 && operation.segments.size() != length) continue;
    if (index < operation.segments.size() && !operation.segments[index].parameter)
      literals.insert(operation.segments[index].text);
  }
  return {literals.begin(), literals.end()};
}

std::string plain_text_beside(const std::vector<std::string>& taken) {
  std::string text = "x";
  while (std::find(taken.begin(), taken.end(), text) != taken.end()) text += "x";
  return text;
}

}  // namespace sluice
