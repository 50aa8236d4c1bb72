#include "policy/review/name_review.h"

#include <algorithm>
#include <string>
#include <vector>

#include "config/map_reader.h"

namespace sluice {
namespace {

constexpr std::string_view kUnknownName = "unknown-name";
constexpr size_t kMostOperations = 3;

// Where a pointer leaves what a schema describes.
struct Leaving {
  std::string name;                     // the first segment that is not there; empty: it does not leave
  std::vector<std::string> neighbours;  // the members that are
};

Leaving find_leaving(const BodySchema& schema, const JsonPointer& pointer) {
  const BodySchema* at = &schema;
  for (const std::string& segment : pointer.segments()) {
    if (at->type == BodySchema::Type::kObject && !at->properties.empty()) {
      const auto member = std::find_if(at->properties.begin(), at->properties.end(),
                                       [&segment](const auto& one) { return one.name == segment; });
      if (member == at->properties.end()) {
        Leaving leaving{segment, {}};
        for (const BodySchema::Property& property : at->properties)
          leaving.neighbours.push_back(property.written);
        return leaving;
      }
      at = &member->schema;
    } else if (at->type == BodySchema::Type::kArray && !at->items.empty()) {
      at = &at->items[0];
    } else {
      return {};  // not described from here on
    }
  }
  return {};
}

class NameReview {
 public:
  NameReview(const Rule& rule, std::span<const uint32_t> slots, const CompiledPolicy& policy,
             Findings& findings)
      : rule_(rule), slots_(slots), policy_(policy), findings_(findings) {}

  void run() {
    review_values(rule_.when.values);
    review_values(rule_.required);
    review_paths(rule_.when.paths);
    if (!rule_.excluded) return;
    review_values(rule_.excluded->values);
    review_paths(rule_.excluded->paths);
  }

 private:
  void review_values(const ConstraintSet& values) {
    for (const BodyConstraint& one : values.body) review_member(one);
    for (const NamedConstraint& one : values.queries) review_query(one);
  }

  bool folds(const Operation& operation, uint32_t slot) const {
    return operation.body && policy_.apis[policy_.vocabulary.slots[slot].api].fold;
  }

  // What no schema describes may well be there; what a call without a schema carries nobody knows.
  void review_member(const BodyConstraint& constraint) {
    std::vector<std::string> operations, neighbours;
    bool certain = true;
    std::string name;
    for (const uint32_t slot : slots_) {
      const Operation* operation = policy_.operation(slot);
      if (operation == nullptr || !operation->body) {
        certain = false;
        continue;
      }
      Leaving leaving = find_leaving(
          *operation->body, folds(*operation, slot) ? constraint.folded_pointer : constraint.pointer);
      if (leaving.name.empty()) return;
      name = leaving.name;
      operations.push_back(operation->id);
      neighbours.insert(neighbours.end(), leaving.neighbours.begin(), leaving.neighbours.end());
    }
    if (operations.empty()) return;
    const std::string said = rule_.id + " looks at body " + constraint.pointer.text() + ": ";
    if (const std::string hint = suggestion(name, neighbours); !hint.empty()) {
      findings_.warning(rule_.at, kUnknownName, said + "no such member in " + list(operations) + hint);
    } else if (certain) {
      findings_.note(rule_.at, kUnknownName,
                     said + "the catalogue knows no such member in " + list(operations) +
                         "; what is never there matches no deny and fulfils every require");
    }
  }

  // A catalogue names the parameters that a vendor documents, not all that there are: only a slip shows.
  void review_query(const NamedConstraint& constraint) {
    std::vector<std::string> operations, known;
    for (const uint32_t slot : slots_) {
      const Operation* operation = policy_.operation(slot);
      if (operation == nullptr || operation->query.empty()) continue;
      operations.push_back(operation->id);
      known.insert(known.end(), operation->query.begin(), operation->query.end());
    }
    if (std::find(known.begin(), known.end(), constraint.name) != known.end()) return;
    const std::string hint = suggestion(constraint.name, known);
    if (hint.empty()) return;
    findings_.warning(constraint.at, kUnknownName,
                      rule_.id + " looks at query " + constraint.name + ": no such parameter of " +
                          list(operations) + hint);
  }

  void review_paths(const std::vector<PathTemplate>& paths) {
    for (const PathTemplate& path : paths) {
      if (path.segments.empty() || path.segments[0].parameter) continue;
      const std::string& first = path.segments[0].text;
      const auto& apis = policy_.vocabulary.apis;
      if (std::find(apis.begin(), apis.end(), first) == apis.end() || is_of_a_vendor(first)) continue;
      findings_.warning(
          rule_.at, kUnknownName,
          rule_.id + " names a path that begins with /" + first +
              ", which no vendor gets: a path is written as the vendor has it, without the API's "
              "name");
    }
  }

  // Whether some path of a catalogue begins like this.
  bool is_of_a_vendor(const std::string& first) const {
    for (const Catalogue& catalogue : policy_.catalogues) {
      for (const Operation& operation : catalogue.operations) {
        if (!operation.segments.empty() &&
            (operation.segments[0].parameter || operation.segments[0].text == first))
          return true;
      }
    }
    return false;
  }

  static std::string list(const std::vector<std::string>& names) {
    std::string all;
    for (size_t i = 0; i < std::min(names.size(), kMostOperations); ++i)
      all += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kMostOperations)
      all += " and " + std::to_string(names.size() - kMostOperations) + " more";
    return all;
  }

  const Rule& rule_;
  const std::span<const uint32_t> slots_;
  const CompiledPolicy& policy_;
  Findings& findings_;
};

}  // namespace

void review_names(const Rule& rule, std::span<const uint32_t> slots, const CompiledPolicy& policy,
                  Findings& findings) {
  NameReview(rule, slots, policy, findings).run();
}

}  // namespace sluice
