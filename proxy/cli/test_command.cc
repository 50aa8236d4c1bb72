#include "proxy/cli/test_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "policy/review/policy_test_reader.h"
#include "policy/review/test_report.h"
#include "proxy/cli/load.h"
#include "proxy/cli/review_routing.h"

namespace sluice {

namespace {

// Runs the tests of files, each against the configuration and the policy that it names.
class TestRun {
 public:
  explicit TestRun(bool with_coverage) {
    if (with_coverage) report_.coverage.emplace();
  }

  void run_file(const std::string& path) {
    TestReport::File report{path, {}};
    const auto file = read_test_file(path, report_.findings);
    const Loaded* loaded = file ? find_loaded(*file) : nullptr;
    if (loaded == nullptr) return;
    if (report_.coverage) report_.coverage->expect(*loaded->engine);
    const Value* list = file->tests();
    if (list == nullptr || list->items.empty()) {
      report.results.push_back(no_test(list == nullptr ? Position{path, 0, 0} : list->at));
    } else {
      const TestContext context{loaded->config, *loaded->engine, &route_request};
      read_policy_tests(*list, context, report_.findings, [this, &report, loaded](const PolicyTest& test) {
        TestResult& result = report.results.emplace_back(run_test(test, *loaded->engine, loaded->config));
        if (report_.coverage) report_.coverage->add(result.explanation);
        result.forget_rules();
      });
    }
    report_.files.push_back(std::move(report));
  }

  const TestReport& report() const { return report_; }

 private:
  // nullptr when they cannot be used, which is reported once.
  const Loaded* find_loaded(const TestFile& file) {
    const auto [found, is_new] = loaded_.try_emplace({file.config, file.policy});
    if (is_new) {
      std::optional<PolicyFile> policy;
      if (!file.policy.empty()) policy = PolicyFile{file.policy, file.policy_at};
      Findings findings;  // of other files there may be errors already
      found->second = load_files(file.config, findings, policy);
      findings.sort();
      report_.findings.add(findings);
    }
    return found->second ? &*found->second : nullptr;
  }

  static TestResult no_test(const Position& at) {
    TestResult result;
    result.name = "a file of tests holds tests";
    result.at = at;
    result.differences.push_back({"tests", "at least one", "none"});
    return result;
  }

  std::map<std::pair<std::string, std::string>, std::optional<Loaded>>
      loaded_;  // by configuration and policy
  TestReport report_;
};

int run_tests(const std::vector<std::string>& files, const std::string& format, bool with_coverage) {
  TestRun run(with_coverage);
  for (const std::string& file : files) run.run_file(file);
  const TestReport& report = run.report();
  for (const Finding& finding : report.findings.all()) std::cerr << to_text(finding) << '\n';
  if (format == "json") {
    std::cout << to_json(report);
  } else if (format == "junit") {
    std::cout << to_junit(report);
    std::cerr << coverage_text(report);
  } else {
    std::cout << to_text(report);
  }
  if (report.findings.has_errors()) return 2;
  return report.failed() == 0 && report.passed() > 0 ? 0 : 1;
}

}  // namespace

void add_test_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("test", "Run policy tests: requests with the decision expected on each");
  auto files = std::make_shared<std::vector<std::string>>();
  auto format = std::make_shared<std::string>("text");
  auto with_coverage = std::make_shared<bool>(false);
  command->add_option("FILE", *files, "Files of tests")->required();
  command->add_option("--format", *format, "text, json or junit")
      ->check(CLI::IsMember({"text", "json", "junit"}));
  command->add_flag("--coverage", *with_coverage,
                    "List the rules that no test made match and the operations that no test touched");
  command->callback(
      [files, format, with_coverage, &exit_code] { exit_code = run_tests(*files, *format, *with_coverage); });
  command->footer(
      "Exits 0 when every test passes, 1 when one fails or there is none, 2 when a file cannot be used.");
}

}  // namespace sluice
