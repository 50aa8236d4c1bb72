// `sluice test`, run as the command line runs it. What single tests say is in tests/policy_test_cases, and
// the XML is read in tests/e2e.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "command_fixture.h"
#include "proxy/cli/test_command.h"

namespace sluice {
namespace {

constexpr const char* kConfig = R"(version: 1
listen: [ { address: 127.0.0.1:0 } ]
apis:
  push: { catalogue: push, upstream: "https://api.pushsecurity.com", credential: { full: { env: NOT_SET } } }
clients:
  soar: { token: { env: NOT_SET_EITHER } }
policy: policy.yaml
)";
constexpr const char* kPolicy = R"(version: 1
rules:
  - { id: lists, effect: allow, when: { client: soar, operation: push.employees.list } }
  - { id: merges, effect: allow, when: { client: soar, operation: push.employees.merge } }
)";
const std::string kHead = "config: sluice.yaml\ntests:\n";
const std::string kPasses =
    "  - { name: lists, request: { client: soar, method: GET, path: /push/v1/employees }, expect: allow }\n";
const std::string kFails =
    "  - { name: reads apps, request: { client: soar, method: GET, path: /push/v1/apps }, expect: allow }\n";

class TestCommand : public CommandFolder {
 protected:
  TestCommand() : CommandFolder(kConfig, kPolicy) {}

  Ran run(const std::vector<std::string>& files, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"test"};
    for (const std::string& file : files) arguments.push_back(path(file));
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_command(arguments, [](CLI::App& app, int& exit_code) { add_test_command(app, exit_code); });
  }
};

TEST_F(TestCommand, PassesWhenEveryTestOfEveryFilePasses) {
  write("a.yaml", kHead + kPasses);
  write("b.yaml", kHead + kPasses + kPasses);
  const Ran ran = run({"a.yaml", "b.yaml"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "3 passed, 0 failed\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(TestCommand, FailsWhenOneTestFails) {
  write("a.yaml", kHead + kPasses + kFails);
  const Ran ran = run({"a.yaml"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.out, path("a.yaml") +
                         ":4:5: failed: reads apps: expected allow, got deny: no rule allows this\n" +
                         "1 passed, 1 failed\n");
}

TEST_F(TestCommand, AFileWithoutATestFails) {
  write("a.yaml", kHead + kPasses);
  write("none.yaml", "config: sluice.yaml\ntests: []\n");
  write("nothing.yaml", "config: sluice.yaml\n");
  for (const char* file : {"none.yaml", "nothing.yaml"}) {
    const Ran ran = run({"a.yaml", file});
    EXPECT_EQ(ran.exit_code, 1) << file;
    EXPECT_NE(ran.out.find("1 passed, 1 failed\n"), std::string::npos) << ran.out;
  }
}

TEST_F(TestCommand, AFileThatCannotBeUsedIsReportedAndTheOthersAreRun) {
  write("a.yaml", kHead + kPasses);
  write("broken.yaml", kHead + "  - { nam: x }\n");
  write("lost.yaml", "config: missing.yaml\ntests: []\n");
  for (const char* file : {"broken.yaml", "lost.yaml", "missing.yaml"}) {
    const Ran ran = run({file, "a.yaml"});
    EXPECT_EQ(ran.exit_code, 2) << file;
    EXPECT_EQ(ran.out, "1 passed, 0 failed\n");
    EXPECT_NE(ran.err.find(": error: "), std::string::npos) << ran.err;
    const auto json = run({file, "a.yaml"}, {"--format", "json"}).json();
    EXPECT_FALSE(json["findings"].empty());
  }
}

TEST_F(TestCommand, WhatIsWrongWithAConfigurationIsSaidOnce) {
  write("a.yaml", kHead + kPasses);
  write("b.yaml", kHead + kPasses);
  write("policy.yaml", "version: 1\nrules: 1\n");
  const Ran ran = run({"a.yaml", "b.yaml"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
}

TEST_F(TestCommand, APolicyCanBeNamedInTheFile) {
  write("a.yaml", "policy: other.yaml\n" + kHead + kPasses);
  write("other.yaml", "version: 1\nrules: []\n");
  EXPECT_EQ(run({"a.yaml"}).exit_code, 1);
  std::filesystem::remove(path("other.yaml"));
  const Ran ran = run({"a.yaml"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err.rfind(path("a.yaml") + ":1:9: error: policy: cannot read", 0), 0U) << ran.err;
}

TEST_F(TestCommand, WritesOneJsonDocument) {
  write("a.yaml", kHead + kPasses + kFails);
  const auto json = run({"a.yaml"}, {"--format", "json"}).json();
  EXPECT_EQ(json["passed"], 1);
  EXPECT_EQ(json["failed"], 1);
  ASSERT_EQ(json["tests"].size(), 2U);
  EXPECT_EQ(json["tests"][0]["rules"], nlohmann::json({"lists"}));
  EXPECT_EQ(json["tests"][0]["operations"], nlohmann::json({"push.employees.list"}));
  EXPECT_EQ(json["tests"][1]["name"], "reads apps");
  EXPECT_EQ(json["tests"][1]["line"], 4);
  EXPECT_EQ(json["tests"][1]["passed"], false);
  EXPECT_EQ(json["tests"][1]["decision"], "deny");
  EXPECT_EQ(json["tests"][1]["differences"][0]["expected"], "allow");
  EXPECT_EQ(json["tests"][1]["why"], "no rule allows this");
  EXPECT_TRUE(json["findings"].empty());
  EXPECT_FALSE(json.contains("coverage"));
}

TEST_F(TestCommand, CoverageAddsUpOverAllFiles) {
  write("a.yaml", kHead + kPasses);
  write("b.yaml", kHead + kFails);
  const Ran text = run({"a.yaml", "b.yaml"}, {"--coverage"});
  EXPECT_NE(
      text.out.find("rules that no test made match (1 of 2):\n  merges (" + path("policy.yaml") + ":4)\n"),
      std::string::npos)
      << text.out;
  EXPECT_NE(text.out.find("\n  push.employees.merge\n"), std::string::npos) << text.out;
  EXPECT_EQ(text.out.find("push.apps.list"), std::string::npos) << "touched, though the test failed";
  EXPECT_EQ(text.out.find("push.unknown"), std::string::npos);
  EXPECT_TRUE(text.out.ends_with("\n1 passed, 1 failed\n"));

  const auto coverage = run({"a.yaml", "b.yaml"}, {"--coverage", "--format", "json"}).json()["coverage"];
  ASSERT_EQ(coverage["unmatched_rules"].size(), 1U);
  EXPECT_EQ(coverage["unmatched_rules"][0]["id"], "merges");
  EXPECT_EQ(coverage["unmatched_rules"][0]["line"], 4);
  const auto untouched = coverage["untouched_operations"].get<std::vector<std::string>>();
  EXPECT_NE(std::find(untouched.begin(), untouched.end(), "push.employees.merge"), untouched.end());
  EXPECT_EQ(std::find(untouched.begin(), untouched.end(), "push.employees.list"), untouched.end());
}

}  // namespace
}  // namespace sluice
