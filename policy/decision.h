// Decision: what the policy says about one request, and why. Target and Decision are filled anew for each
// request, and keep their memory: whoever decides often keeps one of each. Thread: its owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/path.h"

namespace sluice {

// A request that has no single meaning, or whose body is not what it claims: refused before policy.
struct Refusal {
  int status = 0;         // 400, 404, 405, 415 or 501
  std::string_view type;  // problem type: malformed-request, body-not-json, body-rejected, and so on
  std::string detail;

  void clear() noexcept {
    status = 0;
    type = {};
    detail.clear();
  }
};

struct Parameter {
  std::string_view name;   // of the path template
  std::string_view value;  // decoded
};

// Where a request leads: the operations that it fits (usually one), or why it cannot be said.
// Requires: the Engine outlives it, and so do the path and the query of the request, which it has views of.
struct Target {
  struct Fit {
    const Operation* operation = nullptr;  // nullptr: API.unknown
    size_t slot = 0;                       // of the operation, see vocabulary.h
    size_t first_parameter = 0, parameter_count = 0;
  };

  bool refused = false;
  Refusal refusal;
  DecodedPath path;
  DecodedQuery query;
  std::vector<Parameter> parameters;  // of all fits
  // At least one unless refused: those of the path as it is, or API.unknown, then those of a lenient reading.
  std::vector<Fit> fits;
  bool must_read_body = false;    // it might name another method, see Router::has_other_method()
  std::string_view operation_id;  // of the first fit, or "API.unknown"
  Access access = Access::kRead;  // write if any fit is a write

  std::span<const Parameter> parameters_of(const Fit& fit) const {
    return std::span(parameters).subspan(fit.first_parameter, fit.parameter_count);
  }
  // Keeps the memory, for the next request.
  void clear() noexcept {
    refused = false;
    refusal.clear();
    path.clear();
    query.clear();
    parameters.clear();
    fits.clear();
    must_read_body = false;
    operation_id = {};
    access = Access::kRead;
  }
};

// One value of the body that the configuration captures for the audit.
struct BodyField {
  std::string pointer;  // as configured, with the number of the item in the place of each *
  std::string text;     // of a string; else the value's JSON text, a number as the caller wrote it
  bool is_string = false;
  bool hash = false;  // only a hash of it may be kept
  bool cut = false;   // `text` is not all of it
};

enum class Outcome : uint8_t { kAllow, kDeny, kRefuse };

struct Decision {
  Outcome outcome = Outcome::kDeny;
  Refusal refusal;                      // of kRefuse
  std::vector<std::string_view> rules;  // ids that decide; sorted; empty for the default deny
  std::vector<std::string_view>
      shadow_rules;                         // ids of shadow rules that would have denied or allowed; sorted
  std::vector<std::string_view> tags;       // of the operations, and of the body's fields
  std::string_view reason;                  // of the first deciding rule that has one, or why by default
  std::vector<std::string> targets;         // the objects touched, from the body by the catalogue
  std::vector<std::string> unknown_fields;  // see find_unknown_fields()
  std::vector<BodyField> fields;            // see capture_fields()
  uint64_t fields_left_out = 0;             // that were more than an event carries
  bool body_has_credential = false;

  // Keeps the memory, for the next request.
  void clear() noexcept {
    outcome = Outcome::kDeny;
    refusal.clear();
    rules.clear();
    shadow_rules.clear();
    tags.clear();
    reason = {};
    targets.clear();
    unknown_fields.clear();
    fields.clear();
    fields_left_out = 0;
    body_has_credential = false;
  }
};

}  // namespace sluice
