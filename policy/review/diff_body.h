// diff_body: representative bodies: for every combination of answers that a body can give to the constraints
// of some rules, one body that the catalogue's schemas accept. Judged by the gate's own matchers and schema
// check. Pure; any thread. Fails: bounded; `gap` says what may be missing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/review/diff_texts.h"

namespace sluice {

struct BodyQuestion {
  const BodyConstraint* constraint = nullptr;
  Reading reading = Reading::kPermits;
  bool operator==(const BodyQuestion&) const = default;
};

struct BodyAsked {
  std::vector<BodyQuestion> questions;
  std::vector<const BodySchema*> schemas;  // each has to accept the body
  bool required = false;                   // there has to be one
  std::vector<std::string> tags;           // of the schemas' members, that matter
  bool fold = false;
};

struct BodyWitness {
  std::string text;   // JSON; empty: no body
  size_t fields = 0;  // members and items, for choosing the simplest
};

struct BodyWitnesses {
  std::vector<BodyWitness> all;
  std::string gap;  // not empty: why some combination may be missing
};

BodyWitnesses find_bodies(const BodyAsked& asked);

}  // namespace sluice
