#include "proxy/gate/gate_changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "proxy/gate/policy_change.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

bool same_place(const CredentialFact& a, const CredentialFact& b) {
  return a.kind == b.kind && a.name == b.name && a.part == b.part;
}

// By place, so that two lists can be compared in one walk.
bool is_before(const CredentialFact& a, const CredentialFact& b) {
  return std::tie(a.kind, a.name, a.part) < std::tie(b.kind, b.name, b.part);
}

std::vector<CredentialFact> sorted(std::vector<CredentialFact> credentials) {
  std::stable_sort(credentials.begin(), credentials.end(), is_before);
  return credentials;
}

// A spool of a former version knows no configuration: nothing is compared with it.
Json changed_parts(const GateFacts& before, const GateFacts& now) {
  Json parts = Json::array();
  const bool is_known = !before.config_sha256.empty();
  if (is_known && before.config_sha256 != now.config_sha256) parts.push_back("configuration");
  if (before.policy_sha256 != now.policy_sha256) parts.push_back("policy");
  if (is_known && before.certificates != now.certificates) parts.push_back("certificates");
  return parts;
}

Json changed_certificates(const GateFacts& before, const GateFacts& now) {
  const auto find = [](const std::vector<CertificateFact>& in, const std::string& place) {
    const auto same = [&place](const CertificateFact& one) { return one.place == place; };
    const auto found = std::find_if(in.begin(), in.end(), same);
    return found != in.end() ? Json(found->sha256) : Json();
  };
  Json changes = Json::array();
  const auto add = [&](const std::string& place) {
    const Json old_print = find(before.certificates, place), new_print = find(now.certificates, place);
    if (old_print != new_print)
      changes.push_back({{"place", place}, {"old_sha256", old_print}, {"new_sha256", new_print}});
  };
  for (const CertificateFact& one : now.certificates) add(one.place);
  for (const CertificateFact& one : before.certificates)
    if (find(now.certificates, one.place).is_null()) add(one.place);
  return changes;
}

AuditRecord reloaded(const GateFacts& before, const GateFacts& now, const Serving& serving,
                     const Json& parts) {
  AuditRecord record;
  if (before.policy_sha256 != now.policy_sha256) {
    record = policy_changed({before.policy_sha256, before.policy_text}, serving);
  } else {
    record.type = AuditType::kPolicyReloaded;
    record.time = std::chrono::system_clock::now();
    record.policy_sha256 = now.policy_sha256;
  }
  record.json_details.emplace_back("changed", to_text(parts));
  if (!before.config_sha256.empty() && before.config_sha256 != now.config_sha256) {
    record.details.emplace_back("old_config_sha256", before.config_sha256);
    record.details.emplace_back("config_sha256", now.config_sha256);
  }
  if (const Json changes = changed_certificates(before, now); !changes.empty())
    record.json_details.emplace_back("certificates", to_text(changes));
  return record;
}

// `before` or `now` may be null.
AuditRecord credential_changed(const CredentialFact* before, const CredentialFact* now) {
  const CredentialFact& place = now != nullptr ? *now : *before;
  const auto print = [](const CredentialFact* fact) {
    return to_text(fact != nullptr ? Json(fact->fingerprints) : Json());
  };
  AuditRecord record;
  record.type = AuditType::kCredentialChanged;
  record.time = std::chrono::system_clock::now();
  record.details.emplace_back("credential", place.kind);
  if (place.kind == "vendor-key") {
    record.api = place.name;
    record.key = place.part;
  } else if (place.kind == "client-token") {
    record.client = place.name;
  } else if (place.kind.starts_with("webhook")) {
    record.details.emplace_back("webhook", place.name);
    if (!place.part.empty()) record.details.emplace_back("header", place.part);
  }
  record.details.emplace_back("change", before == nullptr ? "added" : now == nullptr ? "removed" : "changed");
  record.json_details = {{"old_fingerprint", print(before)}, {"new_fingerprint", print(now)}};
  return record;
}

void add_credential_changes(const GateFacts& before, const GateFacts& now, std::vector<AuditRecord>& out) {
  const std::vector<CredentialFact> old = sorted(before.credentials), current = sorted(now.credentials);
  auto a = old.begin();
  auto b = current.begin();
  while (a != old.end() || b != current.end()) {
    if (b == current.end() || (a != old.end() && is_before(*a, *b))) {
      out.push_back(credential_changed(&*a++, nullptr));
    } else if (a == old.end() || !same_place(*a, *b)) {
      out.push_back(credential_changed(nullptr, &*b++));
    } else {
      if (a->fingerprints != b->fingerprints) out.push_back(credential_changed(&*a, &*b));
      ++a;
      ++b;
    }
  }
}

Json names_of(const auto& parts) {
  Json names = Json::array();
  for (const auto& part : parts) names.push_back(part.name);
  return names;
}

AuditRecord gate_started(const SpoolKnowledge& known, const Serving& serving, const GateFacts& now) {
  const Config& config = serving.config;
  AuditRecord record = started_record(known);
  record.policy_sha256 = now.policy_sha256;
  record.details.emplace_back("version", now.version);
  record.json_details = {{"listeners", std::to_string(config.listen.size())},
                         {"apis", to_text(names_of(config.apis))},
                         {"clients", std::to_string(config.clients.size())},
                         {"webhooks", to_text(names_of(config.audit.webhooks))},
                         {"captures", std::to_string(config.audit.captures.size())}};
  record.facts = to_facts(now);
  return record;
}

}  // namespace

std::vector<AuditRecord> changes_since(const GateFacts& before, const GateFacts& now,
                                       const Serving& serving) {
  std::vector<AuditRecord> records;
  if (const Json parts = changed_parts(before, now); !parts.empty())
    records.push_back(reloaded(before, now, serving, parts));
  add_credential_changes(before, now, records);
  return records;
}

StartReport start_report(const Serving& serving, GateFacts now) {
  StartReport report;
  report.facts = {kGateFact, kPolicyFact};
  report.records = [&serving, now = std::move(now)](const SpoolKnowledge& known) {
    std::vector<AuditRecord> records{gate_started(known, serving, now)};
    if (known.facts.empty()) return records;  // the first start with this spool
    const std::optional<GateFacts> before = read_gate_facts(known.facts);
    if (!before) {
      records[0].reason =
          "what the spool knew of the gate is damaged: changes before this start are not reported";
      return records;
    }
    if (before->version != now.version) records[0].details.emplace_back("old_version", before->version);
    for (AuditRecord& change : changes_since(*before, now, serving)) records.push_back(std::move(change));
    return records;
  };
  return report;
}

}  // namespace sluice
