// signature: the headers by which a receiver knows that a delivery is ours.
// standard: Standard Webhooks 1.0.0, one signature for each secret, newest first.
// push: X-Signature as Push Security sends it: uppercase hexadecimal HMAC-SHA256 over "t.body", keyed with
// the whole secret text; one v1 for each secret. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "config/secret.h"

namespace sluice {

class Signer {
 public:
  // Fails when a scheme has no secret, or a secret of `standard` is not whsec_ and base64 (the prefix may be
  // missing).
  static Result<Signer> make(WebhookSignature scheme, const std::vector<Secret>& secrets);
  // The header to add, or one with an empty name for `none`.
  std::pair<std::string, std::string> sign(std::string_view id, int64_t unix_seconds,
                                           std::string_view body) const;
  bool operator==(const Signer& other) const;

 private:
  WebhookSignature scheme_ = WebhookSignature::kNone;
  std::vector<Secret> keys_;
};

}  // namespace sluice
