#include "policy/review/policy_test.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr int64_t kStatusOfDeny = 403;

template <class Names>
std::string list_text(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return "[" + text + "]";
}

// Gathers what is not as expected.
class Comparison {
 public:
  void add(std::string what, std::string expected, std::string got) {
    if (expected != got) differences_.push_back({std::move(what), std::move(expected), std::move(got)});
  }
  template <class Expected, class Got>
  void add_list(const std::string& what, const Expected& expected, const Got& got) {
    if (expected) add(what, list_text(*expected), list_text(got));
  }
  std::vector<TestResult::Difference> take() { return std::move(differences_); }

 private:
  std::vector<TestResult::Difference> differences_;
};

std::string status_text(const Decision& decision) {
  switch (decision.outcome) {
    case Outcome::kAllow: return "none";
    case Outcome::kDeny: return std::to_string(kStatusOfDeny);
    case Outcome::kRefuse: return std::to_string(decision.refusal.status);
  }
  return "";
}

std::vector<TestResult::Difference> compare(const Expectation& expect, const Decision& decision) {
  const bool refused = decision.outcome == Outcome::kRefuse;
  Comparison comparison;
  comparison.add("decision", std::string(to_text(expect.outcome)), std::string(to_text(decision.outcome)));
  comparison.add_list("rules", expect.rules, decision.rules);
  comparison.add_list("shadow_rules", expect.shadow_rules, decision.shadow_rules);
  comparison.add_list("tags", expect.tags, decision.tags);
  comparison.add_list("targets", expect.targets, decision.targets);
  if (expect.status) comparison.add("status", std::to_string(*expect.status), status_text(decision));
  if (expect.type)
    comparison.add("type", *expect.type, refused ? std::string(decision.refusal.type) : "none");
  if (expect.reason) {
    const std::string reason = refused ? decision.refusal.detail : std::string(decision.reason);
    comparison.add("reason", "\"" + *expect.reason + "\"", "\"" + reason + "\"");
  }
  return comparison.take();
}

// The rules that decided, and those of which it was expected.
std::string why_text(const Explanation& explanation, const Expectation& expect) {
  if (explanation.outcome == Outcome::kRefuse) {
    return std::to_string(explanation.refusal.status) + " " + std::string(explanation.refusal.type) + ": " +
           explanation.reason;
  }
  const auto is_expected = [&expect](const std::string& id) {
    return expect.rules && std::find(expect.rules->begin(), expect.rules->end(), id) != expect.rules->end();
  };
  std::string text;
  for (const RuleExplanation& rule : explanation.rules) {
    if (!rule.decides && !is_expected(rule.id)) continue;
    text += (text.empty() ? "" : "; ") + rule.id + " (" + place_of(rule) + "): " + rule.why;
  }
  return text.empty() ? explanation.reason : text;
}

}  // namespace

void TestResult::forget_rules() {
  std::erase_if(explanation.rules, [](const RuleExplanation& rule) { return !rule.decides; });
  explanation.rules.shrink_to_fit();
  for (RuleExplanation& rule : explanation.rules) rule.why = {};
}

TestResult run_test(const PolicyTest& test, const Engine& engine, const Config& config) {
  TestResult result;
  result.name = test.name;
  result.at = test.at;
  result.differences = compare(test.expect, decide(engine, test.request));
  const Words words = result.passed() ? Words::kNone : Words::kAll;
  result.explanation = explain(engine, config, test.request, words);
  if (!result.passed()) result.why = why_text(result.explanation, test.expect);
  return result;
}

}  // namespace sluice
