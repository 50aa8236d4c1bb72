// TestCoverage: which rules the policy tests made match, and which operations they touched. Several policies
// and configurations add up: a rule is known by its file and id, an operation by its id. Owner and thread:
// the caller's.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "policy/engine.h"
#include "policy/review/explain.h"

namespace sluice {

class TestCoverage {
 public:
  struct UnmatchedRule {
    std::string id;
    Position at;
  };

  // All that the engine's policy could have been tested for.
  void expect(const Engine& engine);
  // What one test made match, whether it passed or not.
  void add(const Explanation& explanation);

  std::vector<UnmatchedRule> unmatched_rules() const;     // by file and line
  std::vector<std::string> untouched_operations() const;  // by id; without API.unknown
  size_t rules() const { return rules_.size(); }
  size_t operations() const { return operations_.size(); }

 private:
  struct RuleSeen {
    Position at;
    bool matched = false;
  };
  std::map<std::pair<std::string, std::string>, RuleSeen> rules_;
  std::map<std::string, bool> operations_;
};

}  // namespace sluice
