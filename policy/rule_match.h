// rule_match: whether a rule matches a request, field by field. Pure; used for deciding and for explaining,
// so that the two cannot differ. A policy's words for the fields are in rule.h.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/decision.h"
#include "policy/matchers.h"
#include "policy/path.h"
#include "policy/request_view.h"
#include "policy/rule.h"

namespace sluice {

// A request's path and query, decoded once and only when a rule looks.
class RequestFacts {
 public:
  RequestFacts(const RequestView& request, bool fold) : request_(request), fold_(fold) {}

  const RequestView& request() const { return request_; }
  bool fold() const { return fold_; }
  const DecodedPath& path();
  const std::vector<QueryParameter>& query();
  // Whether something could not be decoded. Engine::resolve() refuses such requests: if it is seen here, the
  // decision has to be a deny.
  bool failed() const { return failed_; }

 private:
  const RequestView& request_;
  const bool fold_;
  bool failed_ = false;
  std::optional<DecodedPath> path_;
  std::optional<std::vector<QueryParameter>> query_;
};

// One operation that the request fits.
struct FitFacts {
  size_t slot = 0;
  const Operation* operation = nullptr;  // nullptr: API.unknown
  const std::vector<Parameter>* parameters = nullptr;
  Access access = Access::kRead;
  std::vector<std::string_view> tags;  // of the operation, and of the body's fields
};

struct RuleVerdict {
  bool matched = false;        // `when` does
  bool violated = false;       // of require: it matched, and a constraint fails
  Field field = Field::kNone;  // what failed: of `when`, or the constraint of require
  size_t index = 0;            // which constraint of that field

  // Whether the rule speaks on the decision.
  bool speaks(Effect effect) const { return effect == Effect::kRequire ? violated : matched; }
};

RuleVerdict match_rule(const Rule& rule, RequestFacts& facts, const FitFacts& fit, const BodyView& body);

// The access of a request that fits no operation.
Access access_of_method(std::string_view method);
// GET in a rule covers HEAD.
bool names_method(const std::vector<std::string>& methods, std::string_view method);

}  // namespace sluice
