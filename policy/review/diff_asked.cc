#include "policy/review/diff_asked.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {
namespace {

bool is_unconditional(const Candidate& candidate) {
  return candidate.open.when.empty() && !candidate.open.may_be_excluded;
}

template <class Value, class One>
void add_once(std::vector<Value>& values, const One& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

std::string lower(const std::string& text) {
  std::string out = text;
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool has_any_tag(const BodySchema& schema, const std::vector<std::string>& tags) {
  const bool own = std::any_of(
      schema.properties.begin(), schema.properties.end(), [&tags](const BodySchema::Property& property) {
        return has_any_tag(property.schema, tags) ||
               std::any_of(property.tags.begin(), property.tags.end(), [&tags](const std::string& tag) {
                 return std::find(tags.begin(), tags.end(), tag) != tags.end();
               });
      });
  return own || std::any_of(schema.items.begin(), schema.items.end(),
                            [&tags](const BodySchema& item) { return has_any_tag(item, tags); });
}

}  // namespace

Standing standing_of(const CompiledPolicy& policy, const DiffPlace& place, size_t client) {
  Standing standing;
  standing.always_allows = true;
  for (size_t slot : place.slots) {
    std::vector<const Candidate*>& candidates = standing.by_fit.emplace_back();
    bool may_allow = false, allows = false, may_deny = false;
    const CompiledSlot& compiled = policy.slots[slot];
    for (const Candidates* some : {&compiled.everyone, &compiled.by_client[client]}) {
      for (const Candidate& candidate : some->rules) {
        const Rule& rule = policy.rules[candidate.rule];
        if (rule.mode == Mode::kShadow) continue;
        candidates.push_back(&candidate);
        const bool always = is_unconditional(candidate);
        may_allow = may_allow || rule.effect == Effect::kAllow;
        allows = allows || (rule.effect == Effect::kAllow && always);
        may_deny = may_deny || rule.effect != Effect::kAllow;
        standing.never_allows = standing.never_allows || (rule.effect == Effect::kDeny && always);
      }
    }
    standing.never_allows = standing.never_allows || !may_allow;
    standing.always_allows = standing.always_allows && allows && !may_deny;
    standing.reads_body = standing.reads_body || compiled.by_client[client].body.must;
  }
  return standing;
}

void Asked::add(const CompiledPolicy& policy, const Standing& standing, bool fold) {
  if (standing.never_allows || standing.always_allows) return;
  for (const auto& candidates : standing.by_fit) {
    for (const Candidate* candidate : candidates) {
      const Rule& rule = policy.rules[candidate->rule];
      const bool permits = rule.effect == Effect::kAllow;
      const Reading reading = permits ? Reading::kPermits : Reading::kRestricts;
      const Reading turned = permits ? Reading::kRestricts : Reading::kPermits;
      add(rule.when, candidate->open.when, reading, fold);
      if (candidate->open.may_be_excluded && rule.excluded)
        add(*rule.excluded, candidate->open.excluded, turned, fold);
      if (rule.effect == Effect::kRequire)
        add(rule.required, candidate->open.required, Reading::kDemands, fold);
    }
  }
}

void Asked::add(const Conditions& conditions, const FieldSet& open, Reading reading, bool fold) {
  if (open.has(Field::kMethod)) {
    methods = true;
    named_methods.insert(conditions.methods.begin(), conditions.methods.end());
  }
  if (open.has(Field::kAccess)) access = true;
  if (open.has(Field::kTag)) {
    for (const std::string& tag : conditions.tags) add_once(body.tags, tag);
  }
  if (open.has(Field::kSource)) {
    for (const Cidr& network : conditions.sources) sources.push_back(&network);
  }
  if (open.has(Field::kTime)) {
    for (const TimeWindow& window : conditions.times) times.push_back(&window);
  }
  // A template that is not itself asked for still names parameters.
  for (const PathTemplate& path : conditions.paths) paths.push_back(&path);
  add(conditions.values, open, reading, fold);
}

void Asked::add(const ConstraintSet& set, const FieldSet& open, Reading reading, bool fold) {
  if (open.has(Field::kParam)) {
    for (const NamedConstraint& one : set.params)
      add_once(params[one.name], Question{&one.constraint, reading});
  }
  if (open.has(Field::kQuery)) {
    for (const NamedConstraint& one : set.queries)
      add_once(queries[fold ? one.folded_name : one.name], Question{&one.constraint, reading});
  }
  if (open.has(Field::kHeader)) {
    for (const NamedConstraint& one : set.headers)
      add_once(headers[lower(one.name)], Question{&one.constraint, reading});
  }
  if (open.has(Field::kBody)) {
    for (const BodyConstraint& one : set.body) add_once(body.questions, BodyQuestion{&one, reading});
  }
}

void Asked::add_schemas(const CompiledPolicy& policy, const DiffPlace& place) {
  body.fold = policy.apis[place.api].fold;
  for (size_t slot : place.slots) {
    const Operation* operation = policy.operation(slot);
    if (operation == nullptr || !operation->body) continue;
    body.schemas.push_back(&*operation->body);
    body.required = body.required || operation->body_required;
  }
  // Whoever reads of a change wants to know whether it reaches credentials, even if no rule asks.
  for (const char* tag : {"credential-read", "credential-write"}) add_once<std::string>(body.tags, tag);
  // Tags that no member carries are settled by the operation.
  const bool any = std::any_of(body.schemas.begin(), body.schemas.end(),
                               [this](const BodySchema* schema) { return has_any_tag(*schema, body.tags); });
  if (!any) body.tags.clear();
}

}  // namespace sluice
