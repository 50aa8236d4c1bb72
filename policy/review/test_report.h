// test_report: what `sluice test` prints: text, JSON, or the XML that CI servers read (JUnit's). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/finding.h"
#include "policy/review/policy_test.h"
#include "policy/review/test_coverage.h"

namespace sluice {

struct TestReport {
  struct File {
    std::string file;
    std::vector<TestResult> results;
  };

  std::vector<File> files;
  Findings findings;                     // what is wrong in the files, by file
  std::optional<TestCoverage> coverage;  // if asked for

  size_t passed() const;
  size_t failed() const;
};

// One line for each failure, the coverage, and "N passed, M failed". Leaves out the findings.
std::string to_text(const TestReport& report);
std::string to_json(const TestReport& report);
// Leaves out the coverage, for which the format has no place.
std::string to_junit(const TestReport& report);

// The coverage as text, "" if it was not asked for.
std::string coverage_text(const TestReport& report);

}  // namespace sluice
