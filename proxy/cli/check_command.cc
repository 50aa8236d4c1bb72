#include "proxy/cli/check_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "proxy/cli/load.h"
#include "proxy/version.h"

namespace sluice {

namespace {

using OrderedJson = nlohmann::ordered_json;

std::string_view name_of(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

std::string dump(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string to_json_document(const Findings& findings) {
  OrderedJson list = OrderedJson::array();
  for (const Finding& finding : findings.all()) {
    list.push_back({{"file", finding.at.file},
                    {"line", finding.at.line},
                    {"column", finding.at.column},
                    {"severity", name_of(finding.severity)},
                    {"rule", finding.rule},
                    {"message", finding.message}});
  }
  return dump({{"findings", list}});
}

// SARIF 2.1.0 (OASIS), as code hosts read it.
std::string to_sarif(const Findings& findings) {
  std::set<std::string> names;
  OrderedJson results = OrderedJson::array();
  for (const Finding& finding : findings.all()) {
    names.insert(finding.rule);
    OrderedJson location{{"physicalLocation", {{"artifactLocation", {{"uri", finding.at.file}}}}}};
    if (finding.at.line > 0) {
      location["physicalLocation"]["region"] = {{"startLine", finding.at.line},
                                                {"startColumn", finding.at.column}};
    }
    results.push_back({{"ruleId", finding.rule},
                       {"level", name_of(finding.severity)},
                       {"message", {{"text", finding.message}}},
                       {"locations", OrderedJson::array({location})}});
  }
  OrderedJson rules = OrderedJson::array();
  for (const std::string& name : names) rules.push_back({{"id", name}});
  const OrderedJson driver{{"name", "sluice"}, {"version", kVersion}, {"rules", rules}};
  return dump({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
               {"version", "2.1.0"},
               {"runs", OrderedJson::array({{{"tool", {{"driver", driver}}}, {"results", results}}})}});
}

int check(const std::string& path, const std::string& format) {
  Findings findings;
  const auto loaded = load_files(path, findings);
  findings.sort();
  if (format == "json") {
    std::cout << to_json_document(findings);
  } else if (format == "sarif") {
    std::cout << to_sarif(findings);
  } else {
    for (const Finding& finding : findings.all()) std::cout << to_text(finding) << '\n';
    if (findings.all().empty()) std::cout << path << ": valid\n";
  }
  if (has_unreadable_file(findings)) return 2;
  return loaded && findings.all().empty() ? 0 : 1;
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
  command->callback([path, format, &exit_code] { exit_code = check(*path, *format); });
}

}  // namespace sluice
