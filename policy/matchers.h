// matchers: whether values satisfy a constraint. Pure; any thread; linear in the value (uniqueItems: n log
// n).
//
// A constraint on one value holds, fails, or cannot be said: a keyword meets a type that it does not speak
// of, or a text that only a lenient reader would take for the number meant. What then counts depends on what
// the answer is for: see Reading, which also says how repeated and absent values count. policy/README.md has
// the reasons.
#pragma once

#include <cstdint>
#include <string_view>

#include "policy/json_view.h"
#include "policy/rule.h"

namespace sluice {

enum class Truth : uint8_t { kFails, kUnsure, kHolds };

// What the answer is for.
enum class Reading : uint8_t {
  kPermits,    // `when` of allow, `not` of deny and require: every value must hold for sure; absent does not
               // match
  kRestricts,  // `when` of deny and require, `not` of allow: any value suffices, unsure included; absent does
               // not match
  kDemands,  // constraints of require: every value must hold for sure; absent holds, but for `present: true`
};

// The request's body as rules see it.
struct BodyView {
  enum class State : uint8_t {
    kAbsent,      // no body, or an empty one
    kReadable,    // `root` is it
    kUnreadable,  // not JSON, and only shadow rules asked for it: nothing can be said of it
  };
  State state = State::kAbsent;
  const JsonValue* root = nullptr;
};

// `fold_keys`: object keys of `value` are folded, and so are the constants' to compare with.
Truth check_value(const Constraint& constraint, const JsonValue& value, bool fold_keys);
// Of a path parameter, a query or a header. `fold`: the case of the text does not count.
Truth check_text(const Constraint& constraint, std::string_view text, bool fold);

// Gathers the values of one constraint into the answer that the reading asks for.
class Tally {
 public:
  Tally(const Constraint& constraint, Reading reading) : constraint_(constraint), reading_(reading) {}

  void add(Truth one) {
    seen_ = true;
    any_ = any_ || one != Truth::kFails;
    all_ = all_ && one == Truth::kHolds;
  }
  void add_absent() {
    const bool holds =
        reading_ == Reading::kDemands ? constraint_.present != true : constraint_.present == false;
    add(holds ? Truth::kHolds : Truth::kFails);
  }
  // No value was added: it is absent.
  bool result() {
    if (!seen_) add_absent();
    return reading_ == Reading::kRestricts ? any_ : all_;
  }

 private:
  const Constraint& constraint_;
  const Reading reading_;
  bool seen_ = false;
  bool any_ = false;
  bool all_ = true;
};

bool body_matches(const BodyConstraint& constraint, const BodyView& body, bool fold, Reading reading);

// A total order of JSON values in which equal means equal to JSON Schema: 1 is 1.0, members have no order.
int compare(const JsonValue& left, const JsonValue& right);

}  // namespace sluice
