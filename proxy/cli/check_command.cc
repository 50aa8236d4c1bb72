#include "proxy/cli/check_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "policy/review/findings_json.h"
#include "policy/review/warnings.h"
#include "proxy/cli/file_access.h"
#include "proxy/cli/load.h"
#include "proxy/cli/sarif.h"
#include "proxy/keys/unseal.h"

namespace sluice {

namespace {

using OrderedJson = nlohmann::ordered_json;

std::string dump(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string to_json_document(const Findings& findings) {
  return dump({{"findings", findings_json(findings)}});
}

bool has_warnings(const Findings& findings) {
  return std::any_of(findings.all().begin(), findings.all().end(),
                     [](const Finding& finding) { return finding.severity == Severity::kWarning; });
}

int check(const std::string& path, const std::string& format, bool strict, bool looks_at_modes) {
  Findings findings;
  const auto loaded = load_files(path, findings);
  if (loaded) {
    add_policy_warnings(*loaded->engine, loaded->config, findings);
    check_sealed_names(loaded->config, findings);
    if (looks_at_modes) add_file_warnings(loaded->config, findings);
  }
  findings.sort();
  if (format == "json") {
    std::cout << to_json_document(findings);
  } else if (format == "sarif") {
    std::cout << to_sarif(findings);
  } else {
    for (const Finding& finding : findings.all()) std::cout << to_text(finding) << '\n';
    if (loaded && !findings.has_errors()) std::cout << path << ": valid\n";
  }
  if (has_unreadable_file(findings)) return 2;
  return loaded && !findings.has_errors() && !(strict && has_warnings(findings)) ? 0 : 1;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("check", "Validate configuration, policy and catalogues without starting");
  auto path = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("text");
  command->add_option("--config", *path, "The configuration file")->required();
  command->add_option("--format", *format, "text, json or sarif")
      ->check(CLI::IsMember({"text", "json", "sarif"}));
  auto strict = std::make_shared<bool>(false);
  command->add_flag("--strict", *strict, "Exit 1 on warnings too; notes never count");
  auto ignores_modes = std::make_shared<bool>(false);
  command->add_flag("--ignore-modes", *ignores_modes,
                    "Do not look who may read and write the files: for a checkout of them, in CI");
  command->footer(
      "Exits 0 when the files are valid, 1 when they have an error, 2 when one cannot be read. Warnings show "
      "rules that\n"
      "say something in vain or more than was meant, and secrets' files that others can read: the files stay "
      "valid,\nand the exit status 0 without --strict.");
  command->callback([path, format, strict, ignores_modes, &exit_code] {
    exit_code = check(*path, *format, *strict, !*ignores_modes);
  });
}

}  // namespace sluice
