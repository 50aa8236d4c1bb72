// What an exchange knows of one request, by subject. Owner: the exchange. Thread: the worker's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/crypto.h"
#include "proxy/gate/credentials.h"

namespace sluice {

struct Serving;

// A key, and the snapshot that keeps it.
struct HeldKey {
  Credential::Choice choice;
  std::shared_ptr<const Serving> serving;
};

// The vendor's key that the request is sent with, and the one before it that the vendor refused.
struct ExchangeKey {
  HeldKey now;
  HeldKey former;            // it was sent too: the answer is searched for both
  bool retried = false;      // the request has gone out again because of its key
  bool was_refused = false;  // what was known of the key when the request was sent
  uint64_t token = 0;        // of the wait for secrets that are resolved anew; 0: none
};

struct RequestBody {
  std::string text;    // all of it, or what came before it began to stream
  bool whole = false;  // all of it has come
  bool streams = false;
  bool gone = false;  // part of it has gone to the vendor and is not kept: it cannot be sent again
  std::unique_ptr<Sha256Stream> hash;
  uint64_t bytes = 0;
};

// The request's part in a trace. Where the configuration has no `tracing`, nothing here is written.
struct ExchangeTrace {
  bool on = false;
  bool is_kept = false;   // its spans are handed to the exporter
  std::string parent_id;  // the caller's span; empty: the trace begins here
  std::string state;      // tracestate
  std::string fields;     // what the vendor gets of it, lines with their ends
  Nanos decided{0};       // when the policy was asked; 0: not yet, here and below
  Nanos recording{0}, recorded{0};
  Nanos first_turn{0};
};

// The vendor's answer, on its way to the client.
struct PassedAnswer {
  std::string head;    // not yet written
  bool begun = false;  // something of it has been written to the client
  bool chunked = false;
  bool keeps_alive = false;
  int status = 0;
  uint64_t bytes = 0;
};

}  // namespace sluice
