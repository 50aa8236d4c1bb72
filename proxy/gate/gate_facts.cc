#include "proxy/gate/gate_facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/address.h"
#include "proxy/crypto.h"
#include "proxy/gate/policy_change.h"
#include "proxy/version.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kGateFact = "gate";      // JSON: all but the policy's text
constexpr const char* kPolicyFact = "policy";  // the text
constexpr int kFormat = 1;

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string join(const std::vector<Secret>& secrets) {
  std::string all;
  for (const Secret& secret : secrets) all += (all.empty() ? "" : ",") + fingerprint(secret);
  return all;
}

void add_tokens(const Serving& serving, std::vector<CredentialFact>& out) {
  std::vector<std::string> by_client(serving.config.clients.size());
  for (const auto& [client, print] : serving.identity.token_fingerprints())
    by_client[client] += (by_client[client].empty() ? "" : ",") + print;
  for (size_t i = 0; i < by_client.size(); ++i)
    if (!by_client[i].empty())
      out.push_back({"client-token", serving.config.clients[i].name, "", by_client[i]});
}

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

void add_certificates(const std::string& place, const TlsContext& tls, std::vector<CertificateFact>& out) {
  std::string prints = tls.authorities_sha256();
  for (const CertificateInfo& certificate : tls.material()->certificates())
    prints += (prints.empty() ? "" : ",") + certificate.sha256;
  if (!prints.empty()) out.push_back({place, std::move(prints)});
}

void add_certificates(const Serving& serving, std::vector<CertificateFact>& out) {
  for (size_t i = 0; i < serving.listener_tls.size(); ++i)
    if (const auto& tls = serving.listener_tls[i])
      add_certificates("listener " + sluice::to_text(serving.config.listen[i].address), *tls, out);
  for (const ServedApi& api : serving.apis)
    if (const auto& tls = api.target->tls) add_certificates("api " + api.target->api, *tls, out);
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

// Throws where the JSON is of another shape.
GateFacts facts_from(const Json& json) {
  GateFacts facts;
  facts.version = json.at("version");
  facts.policy_sha256 = json.at("policy_sha256");
  facts.config_sha256 = json.value("config_sha256", "");
  for (const Json& one : json.value("certificates", Json::array()))
    facts.certificates.push_back({one.at(0), one.at(1)});
  for (const Json& one : json.at("credentials")) {
    if (one.size() != 4) throw std::invalid_argument("credentials");
    facts.credentials.push_back({one.at(0), one.at(1), one.at(2), one.at(3)});
  }
  return facts;
}

}  // namespace

GateFacts facts_of(const Serving& serving, const std::vector<ResolvedWebhook>& webhooks) {
  GateFacts facts{kVersion, serving.config_sha256, serving.policy_sha256, serving.policy_text, {}, {}};
  add_certificates(serving, facts.certificates);
  for (size_t i = 0; i < serving.apis.size(); ++i)
    for (const auto& [part, print] : serving.apis[i].credential.key_fingerprints())
      facts.credentials.push_back({"vendor-key", serving.config.apis[i].name, part, print});
  add_tokens(serving, facts.credentials);
  for (const ResolvedWebhook& webhook : webhooks) {
    const std::string& name = webhook.config.name;
    if (!webhook.secrets.empty())
      facts.credentials.push_back({"webhook-secret", name, "", join(webhook.secrets)});
    for (const auto& [header, value] : webhook.headers)
      facts.credentials.push_back({"webhook-header", name, header, fingerprint(value)});
  }
  if (!serving.capture_salt.empty())
    facts.credentials.push_back({"capture-salt", "", "", fingerprint(serving.capture_salt)});
  if (!serving.store_password.empty())
    facts.credentials.push_back({"store-password", "", "", fingerprint(serving.store_password)});
  return facts;
}

std::vector<std::pair<std::string, std::string>> to_facts(const GateFacts& facts) {
  Json credentials = Json::array();
  for (const CredentialFact& one : facts.credentials)
    credentials.push_back(Json::array({one.kind, one.name, one.part, one.fingerprints}));
  Json certificates = Json::array();
  for (const CertificateFact& one : facts.certificates)
    certificates.push_back(Json::array({one.place, one.sha256}));
  const Json gate{{"format", kFormat},
                  {"version", facts.version},
                  {"config_sha256", facts.config_sha256},
                  {"policy_sha256", facts.policy_sha256},
                  {"policy_text_sha256", hex(sha256(facts.policy_text))},
                  {"certificates", certificates},
                  {"credentials", credentials}};
  return {{kGateFact, to_text(gate)}, {kPolicyFact, facts.policy_text}};
}

std::optional<GateFacts> read_gate_facts(const std::map<std::string, std::string>& facts) {
  const auto gate = facts.find(kGateFact);
  if (gate == facts.end()) return std::nullopt;
  try {
    const Json json = Json::parse(gate->second);
    if (json.at("format") != kFormat) return std::nullopt;
    GateFacts read = facts_from(json);
    const auto policy = facts.find(kPolicyFact);
    if (policy != facts.end() && hex(sha256(policy->second)) == json.at("policy_text_sha256"))
      read.policy_text = policy->second;
    return read;
  } catch (const std::exception&) {  // nlohmann's way of saying that it is not what it should be
    return std::nullopt;
  }
}

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
