#include "proxy/cli/catalogue_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "policy/catalogue/catalogue.h"

namespace sluice {

namespace {

std::string full_path(const Catalogue& catalogue, const Operation& operation) {
  return catalogue.base_path + operation.path;
}

std::string to_json(const std::vector<Catalogue>& catalogues) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Catalogue& catalogue : catalogues) {
    for (const Operation& operation : catalogue.operations) {
      list.push_back({{"id", operation.id},
                      {"api", catalogue.api},
                      {"method", operation.method},
                      {"path", full_path(catalogue, operation)},
                      {"access", to_text(operation.access)},
                      {"tags", operation.tags},
                      {"source", operation.source}});
    }
  }
  return nlohmann::ordered_json{{"operations", list}}.dump(2) + "\n";
}

void print_text(const std::vector<Catalogue>& catalogues) {
  size_t widest = 0;
  for (const Catalogue& catalogue : catalogues) {
    for (const Operation& operation : catalogue.operations) widest = std::max(widest, operation.id.size());
  }
  for (const Catalogue& catalogue : catalogues) {
    for (const Operation& operation : catalogue.operations) {
      std::string tags;
      for (const std::string& tag : operation.tags) tags += (tags.empty() ? "  [" : ", ") + tag;
      if (!tags.empty()) tags += "]";
      std::cout << std::left << std::setw(static_cast<int>(widest) + 2) << operation.id << std::setw(7)
                << to_text(operation.access) << std::setw(8) << operation.method
                << full_path(catalogue, operation) << tags << "  (" << operation.source << ")\n";
    }
  }
}

int list(const std::string& only, const std::string& format) {
  Findings findings;
  std::vector<Catalogue> catalogues;
  for (const std::string& name : built_in_catalogue_names()) {
    if (!only.empty() && name != only) continue;
    auto catalogue = load_catalogue(name, name, {}, findings);
    if (catalogue) catalogues.push_back(*std::move(catalogue));
  }
  for (const Finding& finding : findings.all()) std::cerr << to_text(finding) << '\n';
  if (findings.has_errors()) return 2;
  if (format == "json") {
    std::cout << to_json(catalogues);
  } else {
    print_text(catalogues);
  }
  return 0;
}

}  // namespace

void add_catalogue_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("catalogue", "List the operations that the gate knows");
  auto name = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("text");
  command->add_option("API", *name, "Only this one's")->check(CLI::IsMember(built_in_catalogue_names()));
  command->add_option("--format", *format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->callback([name, format, &exit_code] { exit_code = list(*name, *format); });
}

}  // namespace sluice
