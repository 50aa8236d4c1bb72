#include "proxy/cli/sarif.h"

#include <map>
#include <nlohmann/json.hpp>

#include "config/ascii.h"
#include "policy/review/warnings.h"
#include "proxy/version.h"

namespace sluice {

namespace {

using SarifJson = nlohmann::ordered_json;

// A path as a URI reference (RFC 3986).
std::string uri_of_path(const std::string& path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri;
  for (char c : path) {
    if (is_alphanumeric(c) || std::string_view("/-._~").find(c) != std::string_view::npos) {
      uri += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    uri += {'%', kHex[octet >> 4], kHex[octet & 15]};
  }
  return uri;
}

// Of an error, its name in words: those of unknown-key say it.
std::string description_of(std::string_view rule) {
  for (const WarningKind& kind : warning_kinds()) {
    if (kind.rule == rule) return std::string(kind.description);
  }
  std::string words(rule);
  for (char& c : words) {
    if (c == '-') c = ' ';
  }
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z')
    words[0] = static_cast<char>(words[0] - 'a' + 'A');
  return words;
}

SarifJson result_of(const Finding& finding) {
  SarifJson place{{"artifactLocation", {{"uri", uri_of_path(finding.at.file)}}}};
  if (finding.at.line > 0)
    place["region"] = {{"startLine", finding.at.line}, {"startColumn", finding.at.column}};
  return {{"ruleId", finding.rule},
          {"level", to_text(finding.severity)},
          {"message", {{"text", finding.message}}},
          {"locations", SarifJson::array({{{"physicalLocation", place}}})}};
}

}  // namespace

std::string to_sarif(const Findings& findings) {
  std::map<std::string, Severity> kinds;
  SarifJson results = SarifJson::array();
  for (const Finding& finding : findings.all()) {
    kinds.emplace(finding.rule, finding.severity);
    results.push_back(result_of(finding));
  }
  SarifJson rules = SarifJson::array();
  for (const auto& [name, severity] : kinds) {
    rules.push_back({{"id", name},
                     {"shortDescription", {{"text", description_of(name)}}},
                     {"defaultConfiguration", {{"level", to_text(severity)}}}});
  }
  const SarifJson driver{{"name", "sluice"}, {"version", kVersion}, {"rules", rules}};
  const SarifJson run{
      {"tool", {{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}, {"results", results}};
  const SarifJson log{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                      {"version", "2.1.0"},
                      {"runs", SarifJson::array({run})}};
  return log.dump(2, ' ', false, SarifJson::error_handler_t::replace) + "\n";
}

}  // namespace sluice
