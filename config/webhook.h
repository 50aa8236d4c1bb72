// What a webhook may choose of (interface 2): how it is signed, in which words it speaks, and which request
// events it gets. Owner: the Config that holds it; immutable once read. proxy/audit carries it out.
#pragma once

#include <string>
#include <vector>

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

}  // namespace sluice
