// Runs tests/policy_cases/*.yaml: a policy, and requests with the exact decision on each. The format is the
// one of `sluice test`, but that the policy's text is in the file itself and the configuration is the
// fixture's.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "config/yaml_reader.h"
#include "policy/review/policy_test_reader.h"
#include "policy_fixture.h"
#include "proxy/cli/review_routing.h"

namespace sluice {
namespace {

struct Case {
  std::string name;  // of the file and the test
  std::string problem;
  std::shared_ptr<const PolicyUnderTest> policy;
  PolicyTest test;
};

void add_cases(const std::filesystem::path& file, std::vector<Case>& cases) {
  Findings findings;
  const auto document = read_yaml_file(file.string(), findings);
  const Value* text = document ? document->find("policy") : nullptr;
  const Value* tests = document ? document->find("tests") : nullptr;
  const std::string name = file.stem().string() + ": ";
  if (text != nullptr && tests != nullptr) {
    const auto policy = std::make_shared<const PolicyUnderTest>(text->text);
    if (policy->engine == nullptr) {
      cases.push_back({name + "policy", policy->finding_texts(), nullptr, {}});
    } else {
      const TestContext context{policy->config, *policy->engine, &route_request};
      read_policy_tests(*tests, context, findings, [&](const PolicyTest& test) {
        cases.push_back({name + test.name, "", policy, test});
      });
    }
  } else {
    cases.push_back({name + "policy and tests", "are missing", nullptr, {}});
  }
  for (const Finding& finding : findings.all())
    cases.push_back({name + std::to_string(finding.at.line), to_text(finding), nullptr, {}});
}

std::vector<Case> all_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/policy_cases")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& file : files) add_cases(file, cases);
  return cases;
}

class PolicyCase : public testing::TestWithParam<Case> {};

TEST_P(PolicyCase, DecidesAsTheFileSays) {
  ASSERT_EQ(GetParam().problem, "");
  const PolicyUnderTest& policy = *GetParam().policy;
  const TestResult result = run_test(GetParam().test, *policy.engine, policy.config);
  for (const TestResult::Difference& difference : result.differences) {
    ADD_FAILURE() << difference.what << ": expected " << difference.expected << ", got " << difference.got
                  << "\nwhy: " << result.why;
  }

  // What is explained is what is decided, though it looks at every rule and not at those that can apply.
  const Decision decision = policy.decide(GetParam().test.request);
  const Explanation explanation = explain(*policy.engine, policy.config, GetParam().test.request);
  EXPECT_EQ(explanation.outcome, decision.outcome);
  std::vector<std::string> deciding;
  for (const RuleExplanation& rule : explanation.rules) {
    if (rule.decides) deciding.push_back(rule.id);
    EXPECT_FALSE(rule.why.empty()) << rule.id;
  }
  std::sort(deciding.begin(), deciding.end());
  EXPECT_EQ(deciding, std::vector<std::string>(decision.rules.begin(), decision.rules.end()));
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name;
  for (char c : info.param.name) name += isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, PolicyCase, testing::ValuesIn(all_cases()), case_name);

}  // namespace
}  // namespace sluice
