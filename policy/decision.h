// Decision: what the policy says about one request, and why.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/path.h"

namespace sluice {

// A request that has no single meaning, or whose body is not what it claims: refused before policy.
struct Refusal {
  int status = 0;         // 400 or 415
  std::string_view type;  // problem type: malformed-request, body-not-json, body-rejected
  std::string detail;
};

struct Parameter {
  std::string_view name;  // of the path template
  std::string value;      // decoded
};

// Where a request leads: the operations that it fits (usually one), or why it cannot be said.
// Requires: the Engine outlives it.
struct Target {
  struct Fit {
    const Operation* operation = nullptr;  // nullptr: API.unknown
    std::vector<Parameter> parameters;
  };

  bool refused = false;
  Refusal refusal;
  DecodedPath path;
  std::vector<QueryParameter> query;
  std::vector<Fit> fits;          // at least one unless refused
  std::string_view operation_id;  // of the first fit, or "API.unknown"
  size_t slot = 0;                // the same as an index into Vocabulary::slots
  Access access = Access::kRead;  // write if any fit is a write
};

enum class Outcome : uint8_t { kAllow, kDeny, kRefuse };

struct Decision {
  Outcome outcome = Outcome::kDeny;
  Refusal refusal;                      // of kRefuse
  std::vector<std::string_view> rules;  // ids that decide; sorted; empty for the default deny
  std::vector<std::string_view>
      shadow_rules;                    // ids of shadow rules that would have denied or allowed; sorted
  std::vector<std::string_view> tags;  // of the operations, and of the body's fields
  std::string_view reason;             // of the first deciding rule that has one, or why by default
  std::vector<std::string> targets;    // the objects touched, from the body by the catalogue
  bool body_has_credential = false;
};

}  // namespace sluice
