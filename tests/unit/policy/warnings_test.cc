// Runs tests/warning_cases/*.yaml: policies, each with the exact warnings in NAME.expected, against the
// fixture's configuration; and sees that the policies that people copy from have none.
#include "policy/review/warnings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "config/yaml_reader.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

const std::string kFolder = SLUICE_SOURCE_DIR "/tests/warning_cases/";

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Findings warnings_of(const std::string& policy, const std::string& file, Config config) {
  for (size_t i = 0; i < config.clients.size(); ++i)
    config.clients[i].at = {"sluice.yaml", 10 + static_cast<int>(i), 3};
  for (size_t i = 0; i < config.apis.size(); ++i)
    config.apis[i].at = {"sluice.yaml", 2 + static_cast<int>(i), 3};
  Findings findings;
  const auto engine = Engine::compile(policy, file, config, policy_test_catalogues(config), findings);
  if (engine != nullptr) add_policy_warnings(*engine, config, findings);
  findings.sort();
  return findings;
}

class WarningCase : public testing::TestWithParam<std::string> {};

TEST_P(WarningCase, WarnsExactlyOfWhatIsExpected) {
  const auto policy = read_file(kFolder + GetParam() + ".yaml");
  const auto expected = read_file(kFolder + GetParam() + ".expected");
  ASSERT_TRUE(policy && expected);
  const Findings findings = warnings_of(*policy, GetParam() + ".yaml", policy_test_config());
  std::string found;
  for (const Finding& finding : findings.all()) {
    found += to_text(finding) + " (" + finding.rule + ")\n";
    const auto kinds = warning_kinds();
    EXPECT_TRUE(std::any_of(kinds.begin(), kinds.end(),
                            [&finding](const WarningKind& kind) { return kind.rule == finding.rule; }));
  }
  EXPECT_EQ(found, *expected);
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, WarningCase, testing::ValuesIn(all_names()), case_name);

Config two_clients() {
  Config config = policy_test_config();
  config.clients.resize(2);  // soar and siem
  return config;
}

TEST(Warnings, ThereAreNoneOfTheDemo) {
  const auto policy = read_file(SLUICE_SOURCE_DIR "/config/demo/policy.yaml");
  ASSERT_TRUE(policy);
  const Findings findings = warnings_of(*policy, "policy.yaml", two_clients());
  for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
}

TEST(Warnings, APathMayBeginLikeAnApiWhenTheVendorsDo) {
  Config config = two_clients();
  config.apis[1].name = "api";  // and SecurEnvoy's paths begin with /api
  const Findings findings = warnings_of(
      "version: 1\nrules:\n  - { id: new-calls, effect: deny, when: { path: /api/user/restapi/new/** } }\n",
      "policy.yaml", config);
  for (const Finding& finding : findings.all()) EXPECT_NE(finding.rule, "unknown-name") << to_text(finding);
}

// A policy that leaves operations out on purpose is told which.
TEST(Warnings, ThereAreOnlyNotesOfThePolicyInTheReadme) {
  const auto readme = read_file(SLUICE_SOURCE_DIR "/README.md");
  ASSERT_TRUE(readme);
  const size_t start = readme->find("version: 1\nrules:\n");
  ASSERT_NE(start, std::string::npos);
  Config config = policy_test_config();
  config.clients.resize(1);  // soar
  config.apis.resize(1);     // push
  const Findings findings =
      warnings_of(readme->substr(start, readme->find("```", start) - start), "README.md", config);
  for (const Finding& finding : findings.all())
    EXPECT_EQ(finding.severity, Severity::kNote) << to_text(finding);
  EXPECT_EQ(findings.all().size(), 1U) << "of the API";
}

}  // namespace
}  // namespace sluice
