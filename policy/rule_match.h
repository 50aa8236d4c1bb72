// rule_match: whether a rule matches a request, field by field. Used for deciding and for explaining, so that
// the two cannot differ. A policy's words for the fields are in rule.h. Thread: the caller's. Costs: what the
// fields that are looked at cost; no allocation but for long texts whose case is folded, and RE2's own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "policy/matchers.h"
#include "policy/path.h"
#include "policy/request_view.h"
#include "policy/rule.h"

namespace sluice {

// What rules match, of one request. Views of the caller's.
class RequestFacts {
 public:
  RequestFacts(const RequestView& request, const Target& target, bool fold)
      : request_(request), target_(target), fold_(fold) {}

  const RequestView& request() const { return request_; }
  bool fold() const { return fold_; }
  const DecodedPath& path() const { return target_.path; }
  const std::vector<QueryParameter>& query() const { return target_.query.parameters; }

 private:
  const RequestView& request_;
  const Target& target_;
  const bool fold_;
};

// One operation that the request fits.
struct FitFacts {
  size_t slot = 0;
  const Operation* operation = nullptr;  // nullptr: API.unknown
  std::span<const Parameter> parameters;
  Access access = Access::kRead;
  std::vector<std::string_view> body_tags;  // of the body's fields, besides the operation's own

  bool has_tag(std::string_view tag) const {
    return (operation != nullptr && operation->has_tag(tag)) ||
           std::find(body_tags.begin(), body_tags.end(), tag) != body_tags.end();
  }
};

struct RuleVerdict {
  bool matched = false;        // `when` does
  bool violated = false;       // of require: it matched, and a constraint fails
  Field field = Field::kNone;  // what failed: of `when`, or the constraint of require
  uint32_t index = 0;          // which constraint of that field

  // Whether the rule speaks on the decision.
  bool speaks(Effect effect) const { return effect == Effect::kRequire ? violated : matched; }
};

// Matches rules against one request as one of its operations. Views of the caller's.
class RuleMatcher {
 public:
  RuleMatcher(const RequestFacts& facts, const FitFacts& fit, const BodyView& body)
      : facts_(facts), fit_(fit), body_(body) {}

  // Looks at the fields of the rule that are `open`, and takes the others to hold.
  RuleVerdict match(const Rule& rule, const OpenFields& open);

 private:
  enum class Part : uint8_t { kWhen, kNot, kRequired };
  // The first open field of a part that does not hold, or kNone; index_ says which constraint of it.
  Field failing_field(const Rule& rule, Part part, FieldSet open, Reading reading);

  const RequestFacts& facts_;
  const FitFacts& fit_;
  const BodyView& body_;
  uint32_t index_ = 0;
};

inline RuleVerdict RuleMatcher::match(const Rule& rule, const OpenFields& open) {
  RuleVerdict verdict;
  // What no catalogue knows is only allowed by a rule that says so literally.
  const bool permits = rule.effect == Effect::kAllow;
  if (permits && fit_.operation == nullptr && rule.when.operations.empty()) {
    verdict.field = Field::kOperation;
    return verdict;
  }
  if (!open.when.empty()) {
    verdict.field =
        failing_field(rule, Part::kWhen, open.when, permits ? Reading::kPermits : Reading::kRestricts);
    verdict.index = index_;
    if (verdict.field != Field::kNone) return verdict;
  }
  if (open.may_be_excluded && rule.excluded) {
    // What is doubtful must neither open an exception of a deny nor slip past one of an allow: the reading
    // turns round.
    const Reading reading = permits ? Reading::kRestricts : Reading::kPermits;
    if (failing_field(rule, Part::kNot, open.excluded, reading) == Field::kNone) {
      verdict.field = Field::kNot;
      return verdict;
    }
  }
  verdict.matched = true;
  if (rule.effect != Effect::kRequire) return verdict;
  verdict.field = failing_field(rule, Part::kRequired, open.required, Reading::kDemands);
  verdict.index = index_;
  verdict.violated = verdict.field != Field::kNone;
  return verdict;
}

// The access of a request that fits no operation.
Access access_of_method(std::string_view method);
// GET in a rule covers HEAD.
bool names_method(const std::vector<std::string>& methods, std::string_view method);

}  // namespace sluice
