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
  Field failing_field(const Conditions& conditions, FieldSet open, Reading reading);
  Field failing_constraint(const ConstraintSet& set, FieldSet open, Reading reading);
  bool excludes(const Conditions& excluded, FieldSet open, Reading reading);
  bool holds(const Conditions& conditions, Field field, Reading reading);
  bool constraints_hold(const ConstraintSet& set, Field field, Reading reading);
  template <class One>
  bool all_hold(const std::vector<One>& constraints, Reading reading,
                bool (RuleMatcher::*matches)(const One&, Reading) const);
  bool names_access(const std::vector<Access>& access) const;
  bool names_tag(const std::vector<std::string>& tags) const;
  bool names_source(const std::vector<Cidr>& sources) const;
  bool names_time(const std::vector<TimeWindow>& times) const;
  bool path_fits(const std::vector<PathTemplate>& paths) const;
  bool param_matches(const NamedConstraint& constraint, Reading reading) const;
  bool query_matches(const NamedConstraint& constraint, Reading reading) const;
  bool header_matches(const NamedConstraint& constraint, Reading reading) const;
  bool member_matches(const BodyConstraint& constraint, Reading reading) const;
  template <class Add>
  void each_capture(const std::vector<PathTemplate>& paths, const Add& add) const;

  const RequestFacts& facts_;
  const FitFacts& fit_;
  const BodyView& body_;
  const Rule* rule_ = nullptr;  // the one being matched
  bool in_not_ = false;         // its `not` is
  uint32_t index_ = 0;          // of the constraint that did not hold last
};

inline RuleVerdict RuleMatcher::match(const Rule& rule, const OpenFields& open) {
  RuleVerdict verdict;
  // What no catalogue knows is only allowed by a rule that says so literally.
  const bool permits = rule.effect == Effect::kAllow;
  if (permits && fit_.operation == nullptr && rule.when.operations.empty()) {
    verdict.field = Field::kOperation;
    return verdict;
  }
  rule_ = &rule;
  if (!open.when.empty()) {
    verdict.field = failing_field(rule.when, open.when, permits ? Reading::kPermits : Reading::kRestricts);
    verdict.index = index_;
    if (verdict.field != Field::kNone) return verdict;
    // What is doubtful must neither open an exception of a deny nor slip past one of an allow: the reading
    // turns round.
    if (open.when.has(Field::kNot) && rule.excluded &&
        excludes(*rule.excluded, open.excluded, permits ? Reading::kRestricts : Reading::kPermits)) {
      verdict.field = Field::kNot;
      return verdict;
    }
  }
  verdict.matched = true;
  if (rule.effect != Effect::kRequire) return verdict;
  verdict.field = failing_constraint(rule.required, open.required, Reading::kDemands);
  verdict.index = index_;
  verdict.violated = verdict.field != Field::kNone;
  return verdict;
}

// The access of a request that fits no operation.
Access access_of_method(std::string_view method);
// GET in a rule covers HEAD.
bool names_method(const std::vector<std::string>& methods, std::string_view method);

}  // namespace sluice
