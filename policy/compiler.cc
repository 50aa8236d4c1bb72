#include "policy/compiler.h"

#include <algorithm>

#include "policy/body_check.h"
#include "policy/rule_match.h"

namespace sluice {
namespace {

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

// Whether a rule can apply to some request of the operation. Errs on the side of yes.
bool can_apply(const Rule& rule, size_t slot, const CompiledPolicy& policy) {
  const Conditions& when = rule.when;
  const Vocabulary::Slot& names = policy.vocabulary.slots[slot];
  if (!when.apis.empty() && !when.apis[names.api]) return false;
  if (!when.operations.empty() && !when.operations[slot]) return false;
  const Operation* operation = policy.operation(slot);
  if (operation == nullptr) {
    return when.tags.empty() && (rule.effect != Effect::kAllow || !when.operations.empty());
  }
  const bool access_fits = when.access.empty() || std::find(when.access.begin(), when.access.end(),
                                                            operation->access) != when.access.end();
  const bool method_fits = when.methods.empty() || names_method(when.methods, operation->method) ||
                           (operation->method == "GET" &&
                            names_method(when.methods, "HEAD"));  // a HEAD request fits a GET operation
  const bool tag_fits = when.tags.empty() || has_any(when.tags, operation->tags) ||
                        (operation->body && schema_has_any(when.tags, *operation->body));
  return access_fits && method_fits && tag_fits;
}

bool can_be_client(const Rule& rule, size_t client) {
  const Conditions& when = rule.when;
  return (when.clients.empty() || when.clients[client]) && (when.groups.empty() || when.groups[client]);
}

void add(Candidates& candidates, uint32_t index, const Rule& rule) {
  candidates.rules.push_back(index);
  if (!rule.looks_at_body()) return;
  candidates.look_at_body = true;
  if (rule.mode == Mode::kEnforce) candidates.enforce_look_at_body = true;
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

size_t CompiledPolicy::slot_of(size_t api, const Operation* operation) const {
  const std::vector<Operation>& operations = catalogues[api].operations;
  const size_t first = vocabulary.first_slots[api];
  if (operation == nullptr) return first + operations.size();
  return first + static_cast<size_t>(operation - operations.data());
}

void compile_rules(std::vector<Rule> rules, CompiledPolicy& policy) {
  policy.rules = std::move(rules);
  for (size_t api = 0; api < policy.catalogues.size(); ++api) {
    const Catalogue& catalogue = policy.catalogues[api];
    CompiledApi compiled{
        catalogue.case_insensitive, policy.vocabulary.first_slots[api], Router(catalogue.operations), {}};
    for (const Operation& operation : catalogue.operations) {
      compiled.operations.push_back(compile_operation(operation, catalogue.case_insensitive));
    }
    policy.apis.push_back(std::move(compiled));
  }
  const size_t clients = policy.vocabulary.clients.size();
  policy.slots.resize(policy.vocabulary.slots.size());
  for (size_t slot = 0; slot < policy.slots.size(); ++slot) {
    CompiledSlot& compiled = policy.slots[slot];
    compiled.by_client.resize(clients);
    for (size_t i = 0; i < policy.rules.size(); ++i) {
      const Rule& rule = policy.rules[i];
      if (!can_apply(rule, slot, policy)) continue;
      const auto index = static_cast<uint32_t>(i);
      if (rule.when.clients.empty() && rule.when.groups.empty()) {
        add(compiled.everyone, index, rule);
        continue;
      }
      for (size_t client = 0; client < clients; ++client) {
        if (can_be_client(rule, client)) add(compiled.by_client[client], index, rule);
      }
    }
  }
}

}  // namespace sluice
