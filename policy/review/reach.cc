#include "policy/review/reach.h"

#include <algorithm>

#include "policy/matchers.h"
#include "policy/open_fields.h"

namespace sluice {
namespace {

constexpr size_t kLongestComparable = 400;  // longer words are cut, see flow_text()

bool names(const std::vector<bool>& set, size_t index) { return set.empty() || set[index]; }

bool can_fit(const PathTemplate& path, const Operation& operation, bool fold) {
  const size_t length = path.segments.size();
  const size_t wanted = operation.segments.size();
  if (path.any_depth ? wanted <= length : wanted != length) return false;
  for (size_t i = 0; i < length; ++i) {
    const PathTemplate::Segment& segment = path.segments[i];
    if (segment.parameter || operation.segments[i].parameter) continue;
    if ((fold ? segment.folded : segment.text) != operation.segments[i].text) return false;
  }
  return true;
}

bool path_can_fit(const Rule& rule, const Operation* operation, bool fold) {
  if (operation == nullptr || rule.when.paths.empty()) return true;
  return std::any_of(rule.when.paths.begin(), rule.when.paths.end(),
                     [operation, fold](const PathTemplate& path) { return can_fit(path, *operation, fold); });
}

bool has_parameter(const std::vector<PathTemplate>& paths, const std::string& name) {
  return std::any_of(paths.begin(), paths.end(), [&name](const PathTemplate& path) {
    return std::any_of(
        path.segments.begin(), path.segments.end(),
        [&name](const PathTemplate::Segment& segment) { return segment.parameter && segment.text == name; });
  });
}

bool has_parameters(const Rule& rule, const Vocabulary::Slot& slot) {
  return std::all_of(rule.when.values.params.begin(), rule.when.values.params.end(),
                     [&rule, &slot](const NamedConstraint& wanted) {
                       const auto& known = slot.parameters;
                       return wanted.constraint.present == false ||
                              std::find(known.begin(), known.end(), wanted.name) != known.end() ||
                              has_parameter(rule.when.paths, wanted.name);
                     });
}

// Whether no value of a body can hold for sure because keywords speak of different types.
bool types_exclude_each_other(const Constraint& constraint) {
  const auto may_be = [&constraint](std::initializer_list<JsonType> types) {
    return constraint.types.empty() || std::any_of(types.begin(), types.end(), [&constraint](JsonType type) {
             return std::find(constraint.types.begin(), constraint.types.end(), type) !=
                    constraint.types.end();
           });
  };
  const bool of_number = constraint.minimum || constraint.maximum;
  const bool of_text = constraint.min_length || constraint.max_length || constraint.pattern != nullptr;
  const bool of_array = constraint.min_items || constraint.max_items || constraint.unique_items;
  if (of_number + of_text + of_array > 1) return true;
  return (of_number && !may_be({JsonType::kNumber, JsonType::kInteger})) ||
         (of_text && !may_be({JsonType::kString})) || (of_array && !may_be({JsonType::kArray}));
}

bool body_is_impossible(const Rule& rule, const BodyConstraint& body, bool fold) {
  const Constraint& constraint = body.constraint;
  // In doubt a deny and a require match: an unreadable body, or a * over what is no array.
  const auto& segments = body.pointer.segments();
  const bool certain =
      rule.effect == Effect::kAllow ||
      (rule.mode == Mode::kEnforce && std::find(segments.begin(), segments.end(), "*") == segments.end());
  if (!certain) return false;
  if (constraint.allowed.empty())
    return rule.effect == Effect::kAllow && types_exclude_each_other(constraint);
  return std::all_of(constraint.allowed.begin(), constraint.allowed.end(),
                     [&constraint, fold](const Literal& literal) {
                       const JsonValue& value = fold ? literal.keys_folded : literal.value;
                       return check_value(constraint, value, fold) == Truth::kFails;
                     });
}

// A text may mean a constant in several spellings, which is a doubt, so only an allow is certain.
bool text_is_impossible(const Rule& rule, const Constraint& constraint, bool fold) {
  if (rule.effect != Effect::kAllow) return false;
  if (constraint.min_items || constraint.max_items || constraint.unique_items) return true;
  return !constraint.allowed.empty() &&
         std::all_of(constraint.allowed.begin(), constraint.allowed.end(),
                     [&constraint, fold](const Literal& literal) {
                       return check_text(constraint, literal.as_written, fold) != Truth::kHolds;
                     });
}

// Of the fields that a `not` leaves open for the operation, those that `when` does not settle.
FieldSet unsettled(const Rule& rule, FieldSet open, size_t client) {
  const Conditions& excluded = *rule.excluded;
  FieldSet rest;
  for (Field field : open) {
    const std::string& words = excluded.words(field);
    const bool is_value =
        field == Field::kParam || field == Field::kQuery || field == Field::kHeader || field == Field::kBody;
    // What is said alike holds alike; of values only in an allow, where `not` is read more widely than
    // `when`.
    const bool said_alike = words == rule.when.words(field) && words.size() < kLongestComparable &&
                            (!is_value || rule.effect == Effect::kAllow);
    bool settled = said_alike;
    if (field == Field::kClient) settled = names(excluded.clients, client);
    if (field == Field::kGroup) settled = names(excluded.groups, client);
    if (field == Field::kSource && !rule.when.sources.empty()) {
      settled =
          std::all_of(rule.when.sources.begin(), rule.when.sources.end(), [&excluded](const Cidr& inner) {
            return std::any_of(excluded.sources.begin(), excluded.sources.end(), [&inner](const Cidr& outer) {
              return outer.bits <= inner.bits && outer.contains(inner.network);
            });
          });
    }
    if (!settled) rest.add(field);
  }
  return rest;
}

bool excludes_client(const Rule& rule, size_t client) {
  return names(rule.excluded->clients, client) && names(rule.excluded->groups, client);
}

}  // namespace

std::string impossible_constraint(const Rule& rule, bool fold) {
  const ConstraintSet& values = rule.when.values;
  const auto first_text = [&rule](const std::vector<NamedConstraint>& constraints, Field field,
                                  bool fold_text) {
    for (const NamedConstraint& named : constraints) {
      if (text_is_impossible(rule, named.constraint, fold_text))
        return std::string(to_text(field)) + " " + named.name + ": " + named.constraint.text;
    }
    return std::string();
  };
  std::string found = first_text(values.params, Field::kParam, fold);
  if (found.empty()) found = first_text(values.queries, Field::kQuery, false);
  if (found.empty()) found = first_text(values.headers, Field::kHeader, false);
  for (const BodyConstraint& body : values.body) {
    if (found.empty() && body_is_impossible(rule, body, fold))
      found = "body " + body.pointer.text() + ": " + body.constraint.text;
  }
  return found;
}

Reach reach_of(const Rule& rule, size_t slot, size_t client, const CompiledPolicy& policy) {
  const auto none = [](Obstacle obstacle) { return Reach{Reach::Extent::kNone, obstacle}; };
  const Vocabulary::Slot& names_of_slot = policy.vocabulary.slots[slot];
  const bool fold = policy.apis[names_of_slot.api].fold;
  if (!names(rule.when.clients, client) || !names(rule.when.groups, client)) return none(Obstacle::kClient);
  const auto open = open_fields(rule, slot, policy);
  if (!open) return none(Obstacle::kOperation);
  if (!path_can_fit(rule, policy.operation(slot), fold)) return none(Obstacle::kPath);
  if (!has_parameters(rule, names_of_slot)) return none(Obstacle::kParam);
  if (!impossible_constraint(rule, fold).empty()) return none(Obstacle::kValue);
  const bool may_be_excluded = open->may_be_excluded && excludes_client(rule, client);
  if (may_be_excluded && unsettled(rule, open->excluded, client).empty()) return none(Obstacle::kNot);
  return {open->when.empty() && !may_be_excluded ? Reach::Extent::kAll : Reach::Extent::kSome,
          Obstacle::kNone};
}

}  // namespace sluice
