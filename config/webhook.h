// A webhook of the audit (interface 2): where it is, how it is signed, in which words it speaks, and which
// events it gets. Owner: the Config that holds it; immutable once read. proxy/audit carries it out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/secret.h"
#include "config/upstream_url.h"

namespace sluice {

enum class WebhookSignature { kStandard, kPush, kNone };
enum class WebhookFormat { kCloudEvents, kCloudEventsBatch, kOcsf, kEcs, kSplunkHec, kSlack };

// Which request events a webhook gets: any of the values of a list, and all of the lists that are not empty.
// Other events are not about a request: `events` alone chooses them.
struct WebhookFilter {
  std::vector<std::string> apis{};
  std::vector<std::string> access{};     // read | write
  std::vector<std::string> tags{};       // of the operation
  std::vector<std::string> decisions{};  // allow | deny | refuse
  std::vector<std::string> clients{};
  bool is_empty() const {
    return apis.empty() && access.empty() && tags.empty() && decisions.empty() && clients.empty();
  }
};

struct WebhookConfig {
  std::string name;
  UpstreamUrl url;                 // path here is the whole path with the query
  std::vector<SecretRef> secrets;  // newest first
  WebhookFormat format = WebhookFormat::kCloudEvents;
  // Without a key for it, kNone for formats whose receivers know the sender otherwise: the URL of slack is a
  // secret itself, splunk-hec has a token in a header.
  WebhookSignature signature = WebhookSignature::kStandard;
  std::vector<std::pair<std::string, SecretRef>> headers;
  std::vector<std::string> events;  // patterns without "io.sluice."; empty: all; slack: request.denied
  WebhookFilter filter;
  bool indexer_acknowledgement = false;  // splunk-hec only: what was taken counts once it is indexed
  bool handshake = false;  // cloudevents and cloudevents-batch only: asks the receiver's consent first
  bool public_only = false;
  std::string ca;  // PEM; empty: the system's store
  Position at;
};

}  // namespace sluice
