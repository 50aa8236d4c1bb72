#include "proxy/cli/load.h"

#include <algorithm>

#include "config/config_reader.h"
#include "config/yaml_reader.h"
#include "policy/catalogue/catalogue.h"
#include "proxy/crypto.h"

namespace sluice {

namespace {

// The text behind a reference of the configuration, and of the built-in catalogue that it extends.
// Only for the hash: load_catalogue() has read and checked it.
void append_catalogue_text(const std::string& reference, std::string& all) {
  if (const std::string_view text = built_in_catalogue(reference); !text.empty()) {
    all += text;
    return;
  }
  const auto text = read_file(reference);
  if (!text) return;
  all += *text;
  Findings known;
  const auto document = read_yaml(*text, reference, known);
  const Value* base = document ? document->find("extends") : nullptr;
  if (base != nullptr) all += built_in_catalogue(base->text);
}

}  // namespace

std::optional<Loaded> load_files(const std::string& config_path, Findings& findings,
                                 const std::optional<PolicyFile>& instead,
                                 const std::function<void(const Config&)>& on_config) {
  const auto text = read_file(config_path);
  auto config = text ? read_config(*text, config_path, findings) : read_config_file(config_path, findings);
  if (!config) return std::nullopt;
  if (on_config) on_config(*config);
  if (instead) {
    config->policy = instead->path;
    config->policy_at = instead->at;
  }

  std::vector<Catalogue> catalogues;
  std::string catalogue_texts;
  for (const ApiConfig& api : config->apis) {
    auto catalogue = load_catalogue(api.catalogue, api.name, api.catalogue_at, findings);
    if (!catalogue) continue;
    catalogues.push_back(*std::move(catalogue));
    append_catalogue_text(api.catalogue, catalogue_texts);
  }
  const auto policy = read_file(config->policy);
  if (!policy) {
    findings.error(config->policy_at, "unreadable-policy", "policy: " + policy.error().message);
    return std::nullopt;
  }
  // Without its operations and tags, a policy's names cannot be checked.
  if (catalogues.size() != config->apis.size()) return std::nullopt;

  Loaded loaded;
  loaded.engine = Engine::compile(*policy, config->policy, *config, std::move(catalogues), findings);
  if (!loaded.engine || findings.has_errors()) return std::nullopt;
  loaded.policy_text = *policy;
  loaded.policy_sha256 = hex(sha256(*policy + catalogue_texts));
  loaded.config_sha256 = text ? hex(sha256(*text)) : "";
  loaded.config = *std::move(config);
  return loaded;
}

bool has_unreadable_file(const Findings& findings) {
  return std::any_of(findings.all().begin(), findings.all().end(),
                     [](const Finding& finding) { return finding.rule.rfind("unreadable", 0) == 0; });
}

}  // namespace sluice
