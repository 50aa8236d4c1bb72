// The `audit` block of a configuration (interface 2), defaults in place. Owner and threads: as model.h.
#pragma once

#include <string>
#include <vector>

#include "config/secret.h"
#include "config/units.h"
#include "config/webhook.h"

namespace sluice {

enum class Durability { kPower, kProcess };
enum class WhenUnavailable { kBlock, kAllow };

struct PlacedText {
  std::string text;
  Position at;
};

// Fields of bodies that events carry.
struct CaptureConfig {
  std::vector<PlacedText> operations;  // patterns, as `operation` in the policy
  std::vector<PlacedText> fields;      // JSON Pointers; * is every item of an array
  bool hash = false;                   // a keyed hash in the place of the value
  Position at;
};

struct AuditConfig {
  std::string spool;
  Durability durability = Durability::kPower;
  WhenUnavailable when_unavailable = WhenUnavailable::kBlock;
  Bytes retain_size = 10_GiB;
  Millis retain_age{7LL * 24 * 3600 * 1000};
  SecretRef checkpoint_key;             // PEM, PKCS#8, Ed25519; kNone: one is made beside the spool
  std::vector<CaptureConfig> captures;  // none: an event holds nothing of a body but its targets
  SecretRef capture_salt;               // required when a capture hashes
  std::vector<WebhookConfig> webhooks;
};

}  // namespace sluice
