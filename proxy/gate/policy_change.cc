#include "proxy/gate/policy_change.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/compiler.h"
#include "policy/review/diff.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kMostLines = 10;
constexpr uint64_t kMostRequests = 50'000;  // two seconds: a start waits for it

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// "widened soar push.employees.merge", each once: the direction with the most risk comes first.
std::vector<std::string> lines_of(const DiffReport& report) {
  std::vector<std::string> lines;
  for (const DiffChange& change : report.changes) {
    std::string line = std::string(to_text(change.direction)) + " " + change.client + " " + change.operation;
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  return lines;
}

void add_summary(const DiffReport& report, AuditRecord& record) {
  for (const Direction direction : {Direction::kWidened, Direction::kNarrowed, Direction::kUnknown})
    record.json_details.emplace_back(to_text(direction), std::to_string(report.count(direction)));
  std::vector<std::string> lines = lines_of(report);
  if (lines.size() > kMostLines) lines.resize(kMostLines);
  record.json_details.emplace_back("changes", to_text(Json(lines)));
}

std::unique_ptr<const Engine> compile_before(const std::string& text, const Serving& now,
                                             Findings& findings) {
  std::vector<Catalogue> catalogues;
  for (size_t api = 0; api < now.config.apis.size(); ++api) catalogues.push_back(now.engine->catalogue(api));
  return Engine::compile(text, "the policy before", now.config, std::move(catalogues), findings);
}

// Adds the summary, or returns why there is none.
std::string compare(const PolicyBefore& before, const Serving& now, AuditRecord& record) {
  if (before.text.empty()) return "the policy before is not known";
  if (before.text == now.policy_text) return "the catalogues changed, the policy did not";
  Findings findings;
  const auto engine = compile_before(before.text, now, findings);
  if (engine == nullptr) {
    findings.sort();
    return "the policy before does not load under this configuration: " +
           (findings.all().empty() ? "" : to_text(findings.all().front()));
  }
  const size_t rules = engine->compiled().rules.size() + now.engine->compiled().rules.size();
  if (rules * now.config.clients.size() > kMostCompared)
    return "too many rules and clients to compare at a start, see sluice diff";
  add_summary(diff_policies(*engine, *now.engine, now.config, kMostRequests), record);
  return {};
}

}  // namespace

AuditRecord policy_changed(const PolicyBefore& before, const Serving& now) {
  AuditRecord record;
  record.type = AuditType::kPolicyReloaded;
  record.time = std::chrono::system_clock::now();
  record.policy_sha256 = now.policy_sha256;
  record.details.emplace_back("old_policy_sha256", before.sha256);
  record.reason = compare(before, now, record);
  return record;
}

}  // namespace sluice
