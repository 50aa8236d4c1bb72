#include "proxy/cli/catalogue_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/config_reader.h"
#include "config/map_reader.h"
#include "policy/catalogue/catalogue.h"

namespace sluice {

namespace {

struct Options {
  std::string config, api, format = "text";
};

// A member of a body, as a JSON Pointer, with the tags that it brings.
using BodyTags = std::vector<std::pair<std::string, std::vector<std::string>>>;

void add_body_tags(const BodySchema& schema, const std::string& place, BodyTags& all) {
  for (const BodySchema::Property& property : schema.properties) {
    const std::string member = place + "/" + property.written;
    if (!property.tags.empty()) all.emplace_back(member, property.tags);
    add_body_tags(property.schema, member, all);
  }
  for (const BodySchema& items : schema.items) add_body_tags(items, place + "/*", all);
}

BodyTags body_tags(const Operation& operation) {
  BodyTags all;
  if (operation.body) add_body_tags(*operation.body, "", all);
  return all;
}

std::string full_path(const Catalogue& catalogue, const Operation& operation) {
  return catalogue.base_path + operation.path;
}

std::string to_json(const std::vector<Catalogue>& catalogues) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Catalogue& catalogue : catalogues) {
    for (const Operation& operation : catalogue.operations) {
      nlohmann::json tags = nlohmann::json::object();
      for (const auto& [member, names] : body_tags(operation)) tags[member] = names;
      list.push_back({{"id", operation.id},
                      {"api", catalogue.api},
                      {"method", operation.method},
                      {"path", full_path(catalogue, operation)},
                      {"access", to_text(operation.access)},
                      {"tags", operation.tags},
                      {"body_tags", tags},
                      {"source", operation.source}});
    }
  }
  return nlohmann::ordered_json{{"operations", list}}.dump(2) + "\n";
}

// "[membership, credential-write by /password /pin]": a tag that only members of the body bring, with them.
std::string tags_in_words(const Operation& operation) {
  std::vector<std::string> words = operation.tags;
  std::vector<std::pair<std::string, std::string>> by_members;
  for (const auto& [member, tags] : body_tags(operation)) {
    for (const std::string& tag : tags) {
      if (operation.has_tag(tag)) continue;
      const auto known = std::find_if(by_members.begin(), by_members.end(),
                                      [&tag](const auto& one) { return one.first == tag; });
      if (known != by_members.end()) {
        known->second += " " + member;
      } else {
        by_members.emplace_back(tag, " by " + member);
      }
    }
  }
  for (const auto& [tag, members] : by_members) words.push_back(tag + members);
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "  [" : ", ") + word;
  return all.empty() ? all : all + "]";
}

void print_text(const std::vector<Catalogue>& catalogues) {
  size_t widest = 0;
  for (const Catalogue& catalogue : catalogues) {
    for (const Operation& operation : catalogue.operations) widest = std::max(widest, operation.id.size());
  }
  for (const Catalogue& catalogue : catalogues) {
    for (const Operation& operation : catalogue.operations) {
      std::cout << std::left << std::setw(static_cast<int>(widest) + 2) << operation.id << std::setw(7)
                << to_text(operation.access) << std::setw(8) << operation.method
                << full_path(catalogue, operation) << tags_in_words(operation) << "  (" << operation.source
                << ")\n";
    }
  }
}

// What there is to list: the built-in catalogues by their names, or those of a configuration's APIs.
std::vector<ApiConfig> find_apis(const Options& options, Findings& findings) {
  if (!options.config.empty()) {
    auto config = read_config_file(options.config, findings);
    return config ? std::move(config->apis) : std::vector<ApiConfig>{};
  }
  std::vector<ApiConfig> apis;
  for (const std::string& name : built_in_catalogue_names()) {
    ApiConfig& api = apis.emplace_back();
    api.name = api.catalogue = name;
  }
  return apis;
}

std::string unknown_api(const std::string& name, const std::vector<ApiConfig>& apis) {
  std::vector<std::string> known;
  known.reserve(apis.size());
  for (const ApiConfig& api : apis) known.push_back(api.name);
  std::string hint = suggestion(name, known);
  if (hint.empty()) {
    for (const std::string& one : known) hint += (hint.empty() ? ", known: " : ", ") + one;
  }
  return "sluice: API: unknown API \"" + name + "\"" + hint + "\n";
}

int list(const Options& options) {
  Findings findings;
  const std::vector<ApiConfig> apis = find_apis(options, findings);
  std::vector<Catalogue> catalogues;
  bool found = options.api.empty();
  for (const ApiConfig& api : apis) {
    if (!options.api.empty() && api.name != options.api) continue;
    found = true;
    auto catalogue = load_catalogue(api.catalogue, api.name, api.catalogue_at, findings);
    if (!catalogue) continue;
    catalogue->api = api.name;
    catalogues.push_back(*std::move(catalogue));
  }
  findings.sort();
  for (const Finding& finding : findings.all()) std::cerr << to_text(finding) << '\n';
  if (findings.has_errors()) return 2;
  if (!found) {
    std::cerr << unknown_api(options.api, apis);
    return 2;
  }
  if (options.format == "json") {
    std::cout << to_json(catalogues);
  } else {
    print_text(catalogues);
  }
  return 0;
}

}  // namespace

void add_catalogue_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("catalogue", "List the operations that the gate knows");
  auto options = std::make_shared<Options>();
  command->add_option("API", options->api,
                      "Only this one's: push or securenvoy, or an API of the configuration");
  command->add_option("--config", options->config,
                      "The operations of this configuration's APIs, those of your own catalogues among them");
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->callback([options, &exit_code] { exit_code = list(*options); });
}

}  // namespace sluice
