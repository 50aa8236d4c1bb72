// compiler: rules to a CompiledPolicy, in which each operation and client has the list of the rules that can
// apply, so that deciding costs what those rules cost, however many there are; and of each rule, only what
// the operation does not settle is looked at. Owner: Engine; immutable once compiled; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/json_view.h"
#include "policy/router.h"
#include "policy/rule.h"
#include "policy/vocabulary.h"

namespace sluice {

// A rule that can apply, and what remains to be looked at.
struct Candidate {
  uint32_t rule = 0;  // index into CompiledPolicy::rules
  OpenFields open;
};

struct BodyUse {
  bool wanted = false;  // a schema or a rule looks into it
  bool must = false;    // and not only shadow rules do: one that cannot be read is refused
};

struct Candidates {
  std::vector<Candidate> rules;
  BodyUse body;
};

struct CompiledSlot {
  Candidates everyone;                // rules that name no client and no group
  std::vector<Candidates> by_client;  // rules that do, by client; their `body` is of all that applies to it
};

// A field of the body that the audit's events carry.
struct Capture {
  JsonPointer pointer;
  std::vector<std::string> written;  // its segments as they are shown: escaped, and not folded
  bool hash = false;
};

struct CompiledOperation {
  std::vector<JsonPointer> targets;
  std::vector<Capture> captures;
  bool may_hold_credential = false;
};

struct CompiledApi {
  bool fold = false;  // case-insensitive
  size_t first_slot = 0;
  Router router;
  std::vector<CompiledOperation> operations;  // as in the catalogue
};

struct CompiledPolicy {
  CompiledPolicy(const Config& config, std::vector<Catalogue> all_catalogues)
      : catalogues(std::move(all_catalogues)), vocabulary(config, catalogues) {}
  CompiledPolicy(const CompiledPolicy&) = delete;  // routers point into it
  CompiledPolicy& operator=(const CompiledPolicy&) = delete;

  std::vector<Catalogue> catalogues;
  Vocabulary vocabulary;
  std::vector<Rule> rules;  // file order
  std::vector<CompiledApi> apis;
  std::vector<CompiledSlot> slots;

  // nullptr: API.unknown.
  const Operation* operation(size_t slot) const;
  const CompiledOperation* compiled_operation(size_t slot) const;
  // Of API.unknown.
  size_t unknown_slot(size_t api) const;
};

// Requires: catalogues and vocabulary are filled. Sets the rest.
void compile_rules(std::vector<Rule> rules, CompiledPolicy& policy);

}  // namespace sluice
