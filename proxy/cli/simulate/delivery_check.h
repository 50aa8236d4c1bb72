// DeliveryCheck: whether a webhook delivery is signed by someone who knows the secret, and fresh. Written
// from the two schemes' descriptions and apart from the code that signs, so that each tests the other:
//   Standard Webhooks  webhook-id, webhook-timestamp, webhook-signature: "v1,<base64>" several times, over
//   id.t.body Push style         X-Signature: t=<seconds>,v1=<hex> several times, over t.body, keyed with the
//   whole secret text
// Owner: the webhook simulator. Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "config/secret.h"
#include "proxy/http/http_server.h"

namespace sluice {

class DeliveryCheck {
 public:
  // Fails for a whsec_ secret that is not base64.
  static Result<DeliveryCheck> make(std::vector<Secret> secrets);

  bool has_secrets() const { return !secrets_.empty(); }
  // "" when the delivery verifies, else why it does not. Requires: has_secrets().
  std::string refuse(const HttpRequest& request, int64_t now) const;

 private:
  std::string refuse_standard(const HttpRequest& request, int64_t now) const;
  std::string refuse_push(const HttpRequest& request, int64_t now) const;

  std::vector<Secret> secrets_;  // as given: Push style keys
  std::vector<Secret> keys_;     // decoded: Standard Webhooks keys
};

}  // namespace sluice
