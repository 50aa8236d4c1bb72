// reach: which requests a rule can match, as far as that is certain before there is one. Errs on the side of
// kSome. Pure; used by the warnings of `check`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "policy/compiler.h"

namespace sluice {

// Why nothing is matched: in the order in which it is looked at, so that the greatest over several operations
// and clients is what stands in the way in the end.
enum class Obstacle : uint8_t { kNone, kClient, kOperation, kPath, kParam, kValue, kNot };

struct Reach {
  enum class Extent : uint8_t { kNone, kSome, kAll };
  Extent extent = Extent::kNone;
  Obstacle obstacle = Obstacle::kNone;  // of kNone

  bool none() const { return extent == Extent::kNone; }
  // It matches, or its `not` names what it would match.
  bool speaks() const { return !none() || obstacle == Obstacle::kNot; }
  bool all() const { return extent == Extent::kAll; }
};

// Of the requests of one operation by one client, those that `when` of the rule matches.
Reach reach_of(const Rule& rule, size_t slot, size_t client, const CompiledPolicy& policy);

// The first constraint in `when` that no value can satisfy: "body /a: {const: 1, minimum: 2}", or "".
std::string impossible_constraint(const Rule& rule, bool fold);

}  // namespace sluice
