// Runs tests/policy_test_cases/*.yaml: files of policy tests, each with the exact findings and report in
// NAME.expected. policy.yaml there is what they are tests of; the configuration is the fixture's.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "config/yaml_reader.h"
#include "policy/review/policy_test_reader.h"
#include "policy/review/test_report.h"
#include "policy_fixture.h"
#include "proxy/cli/review_routing.h"

namespace sluice {
namespace {

const std::string kFolder = SLUICE_SOURCE_DIR "/tests/policy_test_cases/";

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".expected") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// What `sluice test` says of a file of this folder, on both its outputs, without the folder's name.
std::string said_of(const std::string& name) {
  const PolicyUnderTest policy(read_file(kFolder + "policy.yaml").ok() ? *read_file(kFolder + "policy.yaml")
                                                                       : "");
  TestReport report;
  const auto file = read_test_file(kFolder + name, report.findings);
  if (file && file->tests() != nullptr) {
    TestReport::File& results = report.files.emplace_back();
    const TestContext context{policy.config, *policy.engine, &route_request};
    read_policy_tests(*file->tests(), context, report.findings, [&](const PolicyTest& test) {
      results.results.push_back(run_test(test, *policy.engine, policy.config));
    });
  }
  std::string said;
  for (const Finding& finding : report.findings.all()) said += to_text(finding) + "\n";
  said += to_text(report);
  for (size_t at = said.find(kFolder); at != std::string::npos; at = said.find(kFolder, at))
    said.erase(at, kFolder.size());
  return said;
}

class PolicyTestCase : public testing::TestWithParam<std::string> {};

TEST_P(PolicyTestCase, SaysExactlyWhatIsExpected) {
  const auto expected = read_file(kFolder + GetParam() + ".expected");
  ASSERT_TRUE(expected);
  EXPECT_EQ(said_of(GetParam() + ".yaml"), *expected);
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, PolicyTestCase, testing::ValuesIn(all_names()), case_name);

}  // namespace
}  // namespace sluice
