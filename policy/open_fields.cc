#include "policy/open_fields.h"

#include <algorithm>

#include "policy/rule_match.h"

namespace sluice {
namespace {

enum class Known : uint8_t { kFails, kOpen, kHolds };

Known known(bool holds) { return holds ? Known::kHolds : Known::kFails; }

bool has_any(const std::vector<std::string>& wanted, const std::vector<std::string>& present) {
  return std::any_of(wanted.begin(), wanted.end(), [&present](const std::string& name) {
    return std::find(present.begin(), present.end(), name) != present.end();
  });
}

bool schema_has_any(const std::vector<std::string>& tags, const BodySchema& schema) {
  const bool own =
      std::any_of(schema.properties.begin(), schema.properties.end(), [&tags](const auto& property) {
        return has_any(tags, property.tags) || schema_has_any(tags, property.schema);
      });
  return own || std::any_of(schema.items.begin(), schema.items.end(),
                            [&tags](const BodySchema& item) { return schema_has_any(tags, item); });
}

// The fields below: of a map that gives them, for requests of `operation`, nullptr for API.unknown.

Known access_holds(const std::vector<Access>& access, const Operation* operation) {
  if (operation == nullptr) return Known::kOpen;  // it is the method's
  return known(std::find(access.begin(), access.end(), operation->access) != access.end());
}

// A member of the body can add a tag to the operation's.
Known tag_holds(const std::vector<std::string>& tags, const Operation* operation) {
  if (operation == nullptr) return Known::kFails;
  if (has_any(tags, operation->tags)) return Known::kHolds;
  return operation->body && schema_has_any(tags, *operation->body) ? Known::kOpen : Known::kFails;
}

// A HEAD request fits a GET operation.
Known method_holds(const std::vector<std::string>& methods, const Operation* operation) {
  if (operation == nullptr) return Known::kOpen;
  const bool named = names_method(methods, operation->method);
  if (operation->method == "GET" && named != names_method(methods, "HEAD")) return Known::kOpen;
  return known(named);
}

void add_constrained(const ConstraintSet& set, FieldSet& open) {
  if (!set.params.empty()) open.add(Field::kParam);
  if (!set.queries.empty()) open.add(Field::kQuery);
  if (!set.headers.empty()) open.add(Field::kHeader);
  if (!set.body.empty()) open.add(Field::kBody);
}

// Adds the fields that only a request can tell. False when one of the others fails. Leaves out client and
// group.
bool add_open(const Conditions& conditions, size_t slot, const CompiledPolicy& policy, FieldSet& open) {
  const Operation* operation = policy.operation(slot);
  bool fails = false;
  const auto settle = [&open, &fails](Field field, bool given, Known holds) {
    if (!given || holds == Known::kHolds) return;
    if (holds == Known::kOpen) open.add(field);
    if (holds == Known::kFails) fails = true;
  };
  const std::vector<bool>&apis = conditions.apis, &operations = conditions.operations;
  settle(Field::kApi, !apis.empty(), known(apis.empty() || apis[policy.vocabulary.slots[slot].api]));
  settle(Field::kOperation, !operations.empty(), known(operations.empty() || operations[slot]));
  settle(Field::kAccess, !conditions.access.empty(), access_holds(conditions.access, operation));
  settle(Field::kTag, !conditions.tags.empty(), tag_holds(conditions.tags, operation));
  settle(Field::kMethod, !conditions.methods.empty(), method_holds(conditions.methods, operation));
  if (!conditions.sources.empty()) open.add(Field::kSource);
  if (!conditions.times.empty()) open.add(Field::kTime);
  if (!conditions.paths.empty()) open.add(Field::kPath);
  add_constrained(conditions.values, open);
  return !fails;
}

}  // namespace

std::optional<OpenFields> open_fields(const Rule& rule, size_t slot, const CompiledPolicy& policy) {
  // What no catalogue knows is only allowed by a rule that says so literally.
  const bool unknown = policy.operation(slot) == nullptr;
  if (unknown && rule.effect == Effect::kAllow && rule.when.operations.empty()) return std::nullopt;
  OpenFields open;
  if (!add_open(rule.when, slot, policy, open.when)) return std::nullopt;
  add_constrained(rule.required, open.required);
  if (!rule.excluded) return open;
  // A rule is listed for the clients of its `when`, not of its `not`.
  FieldSet excluded;
  if (!rule.excluded->clients.empty()) excluded.add(Field::kClient);
  if (!rule.excluded->groups.empty()) excluded.add(Field::kGroup);
  if (!add_open(*rule.excluded, slot, policy, excluded)) return open;
  open.may_be_excluded = true;
  open.excluded = excluded;
  return open;
}

}  // namespace sluice
