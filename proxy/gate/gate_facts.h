// gate_facts: what the gate is, as far as an investigator has to know when it changes: its configuration,
// policy and certificates, and the fingerprints of its secrets. The spool keeps it as facts, so that what
// changed while the gate did not run is reported when it starts. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/audit/audit_log.h"
#include "proxy/gate/serving.h"

namespace sluice {

// A secret's place, and what stands there.
struct CredentialFact {
  std::string
      kind;  // vendor-key | client-token | webhook-secret | webhook-header | capture-salt | store-password
  std::string name;          // of the API, the client or the webhook; "" for the salt and the password
  std::string part;          // read | full of a vendor's key; the name of a webhook's header; else ""
  std::string fingerprints;  // of each that counts, in their order, with commas between
  bool operator==(const CredentialFact&) const = default;
};

// A place that presents or trusts certificates.
struct CertificateFact {
  std::string place;   // "listener ADDRESS", as configured; "api NAME"
  std::string sha256;  // of its certificates, with commas between, and of its file of authorities
  bool operator==(const CertificateFact&) const = default;
};

struct GateFacts {
  std::string version;
  std::string config_sha256;  // of the configuration file; "": not known
  std::string policy_sha256;  // of policy and catalogues
  std::string policy_text;
  std::vector<CredentialFact> credentials;
  std::vector<CertificateFact> certificates;
};

GateFacts facts_of(const Serving& serving, const std::vector<ResolvedWebhook>& webhooks);

// Names of the spool's facts.
inline constexpr const char* kGateFact = "gate";      // JSON: all but the policy's text
inline constexpr const char* kPolicyFact = "policy";  // the text

// As the spool keeps them, and back. nullopt: they are damaged. A text of the policy that is not the one
// whose hash was kept is left empty.
std::vector<std::pair<std::string, std::string>> to_facts(const GateFacts& facts);
std::optional<GateFacts> read_gate_facts(const std::map<std::string, std::string>& facts);

}  // namespace sluice
