// rule_match: whether a rule matches a request, field by field. Pure; used for deciding and for explaining,
// so that the two cannot differ. A policy's words for the fields are in rule.h.
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

// Looks at the fields of the rule that are `open`, and takes the others to hold.
RuleVerdict match_rule(const Rule& rule, const OpenFields& open, const RequestFacts& facts,
                       const FitFacts& fit, const BodyView& body);

// The access of a request that fits no operation.
Access access_of_method(std::string_view method);
// GET in a rule covers HEAD.
bool names_method(const std::vector<std::string>& methods, std::string_view method);

}  // namespace sluice
