// evaluation: the decision on one request (interface section 3, "Meaning"). Engine::decide() is the way in
// for the gate; `explain` uses the trace. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "policy/compiler.h"
#include "policy/decision.h"
#include "policy/request_view.h"
#include "policy/rule_match.h"

namespace sluice {

// Every rule's verdict on every operation that the request fits, not only those of the rules that can apply.
struct Trace {
  struct FitTrace {
    size_t slot = 0;
    bool denied = false;
    std::vector<RuleVerdict> verdicts;  // by rule
  };
  std::vector<FitTrace> fits;  // empty for a refusal
};

constexpr std::string_view kNoRuleAllows = "no rule allows this";
constexpr std::string_view kNotEvaluated = "the policy could not be evaluated";

bool evaluation_needs_body(const CompiledPolicy& policy, const Target& target, const RequestView& request);

// Clears `out` first. `trace` may be null.
void evaluate(const CompiledPolicy& policy, const Target& target, const RequestView& request,
              std::optional<std::string_view> body, Trace* trace, Decision& out);

// The deny for whatever was not foreseen.
void set_not_evaluated(Decision& out) noexcept;

}  // namespace sluice
