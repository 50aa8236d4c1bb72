#include "policy/review/test_coverage.h"

#include <algorithm>
#include <tuple>

#include "policy/compiler.h"

namespace sluice {

void TestCoverage::expect(const Engine& engine) {
  for (const Rule& rule : engine.compiled().rules) {
    rules_.try_emplace({rule.at.file, rule.id}, RuleSeen{rule.at, false});
  }
  for (const Vocabulary::Slot& slot : engine.compiled().vocabulary.slots) {
    if (!slot.unknown) operations_.try_emplace(slot.id, false);
  }
}

void TestCoverage::add(const Explanation& explanation) {
  for (const RuleExplanation& rule : explanation.rules) {
    const auto found = rules_.find({rule.at.file, rule.id});
    if (found != rules_.end() && rule.matched) found->second.matched = true;
  }
  for (const std::string& operation : explanation.operations) {
    const auto found = operations_.find(operation);
    if (found != operations_.end()) found->second = true;
  }
}

std::vector<TestCoverage::UnmatchedRule> TestCoverage::unmatched_rules() const {
  std::vector<UnmatchedRule> unmatched;
  for (const auto& [key, seen] : rules_) {
    if (!seen.matched) unmatched.push_back({key.second, seen.at});
  }
  std::sort(unmatched.begin(), unmatched.end(), [](const UnmatchedRule& left, const UnmatchedRule& right) {
    return std::tie(left.at.file, left.at.line, left.at.column) <
           std::tie(right.at.file, right.at.line, right.at.column);
  });
  return unmatched;
}

std::vector<std::string> TestCoverage::untouched_operations() const {
  std::vector<std::string> untouched;
  for (const auto& [id, touched] : operations_) {
    if (!touched) untouched.push_back(id);
  }
  return untouched;
}

}  // namespace sluice
