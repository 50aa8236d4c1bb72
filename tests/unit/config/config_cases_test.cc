// Each NAME.yaml in tests/config_cases that has a NAME.expected is a configuration, and the second holds its
// findings.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config_reader.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::vector<fs::path> case_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(SLUICE_SOURCE_DIR) / "tests/config_cases")) {
    const fs::path& path = entry.path();
    const bool of_a_policy = path.filename().string().rfind("policy-", 0) == 0;
    if (path.extension() == ".yaml" && !of_a_policy &&
        fs::exists(fs::path(path).replace_extension(".expected")))
      files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

class ConfigCases : public testing::TestWithParam<fs::path> {};

TEST_P(ConfigCases, ReportsExactlyWhatIsExpected) {
  unsetenv("SLUICE_CASE_UNSET");
  Findings findings;
  const auto config = read_config_file(GetParam().string(), findings);
  findings.sort();
  std::string found;
  for (Finding finding : findings.all()) {
    finding.at.file = fs::path(finding.at.file).filename().string();
    found += to_text(finding) + "\n";
  }
  EXPECT_EQ(found, content_of(fs::path(GetParam()).replace_extension(".expected")));
  EXPECT_EQ(config.has_value(), !findings.has_errors());
}

INSTANTIATE_TEST_SUITE_P(Files, ConfigCases, testing::ValuesIn(case_files()), name_of);

TEST(ConfigCasesFolder, HoldsTheCases) { EXPECT_GE(case_files().size(), 35U); }

}  // namespace
}  // namespace sluice
