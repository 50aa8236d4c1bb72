#include "policy/compiler.h"

#include "policy/body_check.h"
#include "policy/open_fields.h"

namespace sluice {
namespace {

using Clients = std::vector<uint32_t>;

// Those whose requests the rule can match; nullopt: everybody's.
std::optional<Clients> clients_of(const Rule& rule, size_t clients) {
  const Conditions& when = rule.when;
  if (when.clients.empty() && when.groups.empty()) return std::nullopt;
  Clients found;
  for (size_t client = 0; client < clients; ++client) {
    if (!when.clients.empty() && !when.clients[client]) continue;
    if (when.groups.empty() || when.groups[client]) found.push_back(static_cast<uint32_t>(client));
  }
  return found;
}

void add(Candidates& candidates, const Candidate& candidate, const Rule& rule) {
  // Whether a body is read does not depend on what `not` excludes.
  if (rule.looks_at_body()) {
    candidates.body.wanted = true;
    if (rule.mode == Mode::kEnforce) candidates.body.must = true;
  }
  const bool always_excluded = candidate.open.may_be_excluded && candidate.open.excluded.empty();
  if (!always_excluded) candidates.rules.push_back(candidate);
}

CompiledOperation compile_operation(const Operation& operation, bool fold) {
  CompiledOperation compiled;
  compiled.may_hold_credential = operation.body && may_hold_credential(*operation.body);
  for (const std::string& target : operation.targets) {
    // The catalogue's reader has refused what is not a pointer.
    if (auto pointer = JsonPointer::parse(target, fold)) compiled.targets.push_back(*std::move(pointer));
  }
  return compiled;
}

// Of every rule, once: a policy may have many clients and many rules.
void list_rules(CompiledPolicy& policy) {
  for (CompiledSlot& compiled : policy.slots) compiled.by_client.resize(policy.vocabulary.clients.size());
  for (size_t i = 0; i < policy.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    const std::optional<Clients> clients = clients_of(rule, policy.vocabulary.clients.size());
    for (size_t slot = 0; slot < policy.slots.size(); ++slot) {
      const std::optional<OpenFields> open = open_fields(rule, slot, policy);
      if (!open) continue;
      CompiledSlot& compiled = policy.slots[slot];
      const Candidate candidate{static_cast<uint32_t>(i), *open};
      if (!clients) add(compiled.everyone, candidate, rule);
      if (clients) {
        for (uint32_t client : *clients) add(compiled.by_client[client], candidate, rule);
      }
    }
  }
}

void compile_slot(size_t slot, CompiledPolicy& policy) {
  CompiledSlot& compiled = policy.slots[slot];
  const Operation* operation = policy.operation(slot);
  const bool schema = operation != nullptr && operation->body;
  for (Candidates& candidates : compiled.by_client) {
    BodyUse& body = candidates.body;
    body.wanted = body.wanted || schema || compiled.everyone.body.wanted;
    body.must = body.must || schema || compiled.everyone.body.must;
  }
}

}  // namespace

const Operation* CompiledPolicy::operation(size_t slot) const {
  const Vocabulary::Slot& names = vocabulary.slots[slot];
  return names.unknown ? nullptr
                       : &catalogues[names.api].operations[slot - vocabulary.first_slots[names.api]];
}

const CompiledOperation* CompiledPolicy::compiled_operation(size_t slot) const {
  const Vocabulary::Slot& names = vocabulary.slots[slot];
  return names.unknown ? nullptr : &apis[names.api].operations[slot - vocabulary.first_slots[names.api]];
}

size_t CompiledPolicy::unknown_slot(size_t api) const {
  return vocabulary.first_slots[api] + catalogues[api].operations.size();
}

void compile_rules(std::vector<Rule> rules, CompiledPolicy& policy) {
  policy.rules = std::move(rules);
  for (size_t api = 0; api < policy.catalogues.size(); ++api) {
    const Catalogue& catalogue = policy.catalogues[api];
    CompiledApi compiled{catalogue.case_insensitive,
                         policy.vocabulary.first_slots[api],
                         Router(catalogue.operations, policy.vocabulary.first_slots[api]),
                         {}};
    for (const Operation& operation : catalogue.operations) {
      compiled.operations.push_back(compile_operation(operation, catalogue.case_insensitive));
    }
    policy.apis.push_back(std::move(compiled));
  }
  policy.slots.resize(policy.vocabulary.slots.size());
  list_rules(policy);
  for (size_t slot = 0; slot < policy.slots.size(); ++slot) compile_slot(slot, policy);
}

}  // namespace sluice
