// explain: what the policy decides for one request and why, rule by rule, in the words of the file (interface
// 3). Off the request path; it evaluates every rule, not only those that can apply.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/engine.h"
#include "policy/review/review_request.h"

namespace sluice {

struct RuleExplanation {
  std::string id;
  std::string effect;
  std::string mode;
  Position at;           // of its id in the policy file
  bool matched = false;  // `when` does; a require may still hold
  bool decides = false;
  std::string why;
};

struct Explanation {
  Outcome outcome = Outcome::kDeny;
  Refusal refusal;  // of kRefuse; see refuse_unasked() too
  std::string client;
  std::vector<std::string> operations;
  std::string reason;                  // empty: none
  std::vector<RuleExplanation> rules;  // file order; empty for a refusal
};

// kNone: of the rules only those that match, without `why`. Words cost most where rules are many.
enum class Words : uint8_t { kNone, kAll };
Explanation explain(const Engine& engine, const Config& config, const ReviewRequest& request,
                    Words words = Words::kAll);

// "policy.yaml:12", to be clicked on.
std::string place_of(const RuleExplanation& rule);
std::string_view to_text(Outcome outcome);  // allow, deny, refuse
std::string to_json(const Explanation& explanation);
std::string to_text(const Explanation& explanation);

}  // namespace sluice
