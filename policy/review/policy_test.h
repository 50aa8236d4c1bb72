// policy_test: a described request with the decision that is expected on it (interface 3, "Policy tests"),
// and running it. Made by policy_test_reader. Pure; the caller's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/review/explain.h"
#include "policy/review/review_request.h"

namespace sluice {

// What was not said is not compared.
struct Expectation {
  Outcome outcome = Outcome::kDeny;
  std::optional<std::vector<std::string>> rules, shadow_rules, tags;  // exact; sorted, each once
  std::optional<std::vector<std::string>> targets;                    // in the order of the body
  std::optional<std::string> reason;                                  // of a refusal: its detail
  std::optional<int64_t> status;                                      // 403 for a deny
  std::optional<std::string> type;                                    // the problem type of a refusal
};

struct PolicyTest {
  std::string name;
  Position at;
  ReviewRequest request;
  Expectation expect;
};

struct TestResult {
  struct Difference {
    std::string what;  // "decision", "rules", ...
    std::string expected, got;
  };

  std::string name;
  Position at;
  std::vector<Difference> differences;  // empty: it passed
  std::string why;                      // of a failure: what explain says of the rules in question
  Explanation explanation;

  bool passed() const { return differences.empty(); }
  // Of the explanation, all but the rules that decide, which is what a report shows: tests and rules may be
  // many.
  void forget_rules();
};

TestResult run_test(const PolicyTest& test, const Engine& engine, const Config& config);

}  // namespace sluice
