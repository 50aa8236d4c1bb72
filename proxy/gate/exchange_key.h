// ExchangeKey: the vendor's key that one request is sent with, and the one before it that the vendor refused.
// Owner: the exchange. Thread: the worker's.
#pragma once

#include <cstdint>
#include <memory>

#include "proxy/gate/credentials.h"

namespace sluice {

struct Serving;

// A key, and the snapshot that keeps it.
struct HeldKey {
  Credential::Choice choice;
  std::shared_ptr<const Serving> serving;
};

struct ExchangeKey {
  HeldKey now;
  HeldKey former;            // it was sent too: the answer is searched for both
  bool retried = false;      // the request has gone out again because of its key
  bool was_refused = false;  // what was known of the key when the request was sent
  uint64_t token = 0;        // of the wait for secrets that are resolved anew; 0: none
};

}  // namespace sluice
