#include "proxy/cli/diff_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <set>

#include "policy/review/diff.h"
#include "proxy/cli/load.h"
#include "proxy/cli/progress.h"

namespace sluice {

namespace {

struct DiffOptions {
  std::string config;
  std::string before, after;
  std::string format = "text";
  std::string fail_on = "widened";
};

bool is_met(const std::string& fail_on, const DiffReport& report) {
  if (fail_on == "never") return false;
  if (fail_on == "any") return !report.changes.empty();
  return report.count(Direction::kWidened) + report.count(Direction::kUnknown) > 0;
}

// As `check` does; what is wrong with the configuration, once.
void print(const Findings& before, const Findings& after) {
  std::set<std::string> told;
  for (Findings findings : {before, after}) {
    findings.sort();
    for (const Finding& finding : findings.all()) {
      const auto [line, is_new] = told.insert(to_text(finding));
      if (is_new) std::cerr << *line << '\n';
    }
  }
}

int run_diff(const DiffOptions& options) {
  Findings findings, findings_after;
  const auto before =
      load_files(options.config, findings, PolicyFile{options.before, {options.before, 0, 0}});
  const auto after =
      load_files(options.config, findings_after, PolicyFile{options.after, {options.after, 0, 0}});
  if (!before || !after) {
    print(findings, findings_after);
    return 2;
  }
  Progress shown("pairs of a client and an operation");
  const DiffReport report =
      diff_policies(*before->engine, *after->engine, before->config, UINT64_MAX,
                    [&shown](uint64_t done, uint64_t all) { shown.at(done, share_of(1, done, all)); });
  shown.clear();
  if (options.format == "json") {
    std::cout << to_json(report);
  } else {
    std::cout << (options.format == "markdown" ? to_markdown(report) : to_text(report));
  }
  return is_met(options.fail_on, report) ? 1 : 0;
}

}  // namespace

void add_diff_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "diff", "Say what a policy change changes: which client gains or loses what, each with an example");
  command->footer(
      "Both policies are read against the clients, APIs and catalogues of the configuration. Exits 1 when\n"
      "--fail-on is met: widened also counts what cannot be decided (unknown), any counts every change.");
  auto options = std::make_shared<DiffOptions>();
  command->add_option("--config", options->config, "The configuration file")->required();
  command->add_option("--format", options->format, "text, markdown (for a pull request) or json")
      ->check(CLI::IsMember({"text", "markdown", "json"}));
  command->add_option("--fail-on", options->fail_on, "widened (default), any or never")
      ->check(CLI::IsMember({"widened", "any", "never"}));
  command->add_option("OLD", options->before, "The policy file as it is")->required();
  command->add_option("NEW", options->after, "The policy file as it would be")->required();
  command->callback([options, &exit_code] { exit_code = run_diff(*options); });
}

}  // namespace sluice
