#include "proxy/gate/gate_facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/address.h"
#include "proxy/crypto.h"
#include "proxy/version.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

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
  if (serving.connect) out.push_back({"connect", serving.connect->issuer->authority().sha256});
  for (const ServedApi& api : serving.apis)
    if (const auto& tls = api.target->tls) add_certificates("api " + api.target->api, *tls, out);
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
  for (const auto& [header, value] : serving.trace_headers)
    facts.credentials.push_back({"tracing-header", "", header, fingerprint(value)});
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

}  // namespace sluice
