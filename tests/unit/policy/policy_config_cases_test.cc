// Runs tests/config_cases/policy-*.yaml: policies, each with the exact findings in NAME.expected, against the
// fixture's configuration.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "config/yaml_reader.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/config_cases")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".yaml" && name.rfind("policy-", 0) == 0) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class PolicyConfigCase : public testing::TestWithParam<std::string> {};

TEST_P(PolicyConfigCase, ReportsExactlyWhatIsExpected) {
  const std::string base = SLUICE_SOURCE_DIR "/tests/config_cases/" + GetParam();
  const auto policy = read_file(base + ".yaml");
  const auto expected = read_file(base + ".expected");
  ASSERT_TRUE(policy && expected) << base;
  const Config config = policy_test_config();
  Findings findings;
  const auto engine =
      Engine::compile(*policy, GetParam() + ".yaml", config, policy_test_catalogues(config), findings);
  std::string found;
  for (const Finding& finding : findings.all()) found += to_text(finding) + "\n";
  EXPECT_EQ(found, *expected);
  EXPECT_EQ(engine == nullptr, findings.has_errors());
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, PolicyConfigCase, testing::ValuesIn(all_names()), case_name);

}  // namespace
}  // namespace sluice
