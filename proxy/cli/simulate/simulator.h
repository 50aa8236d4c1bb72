// Simulator: a stand-in for a party that sluice talks to: a vendor's API, or the receiver of its webhooks.
// A function from a request and the time to an answer, so that tests need no socket; simulation_server.h
// serves it. Owner: whoever serves. Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "config/secret.h"
#include "config/units.h"
#include "proxy/http/http_server.h"

namespace sluice {

// When a request arrived: by a clock that only moves forward, and by the calendar.
struct Arrival {
  Nanos steady{0};
  int64_t unix_seconds = 0;
};

class Simulator {
 public:
  virtual ~Simulator() = default;
  virtual HttpResponse answer(const HttpRequest& request, Arrival at) = 0;
};

// GET on this path answers with counts, as JSON. It needs no key and is neither limited nor counted.
inline constexpr std::string_view kStatsPath = "/_simulator/stats";

struct VendorOptions {
  double rate = 10;   // requests per second; 0 turns the limit off
  double burst = 10;  // depth of the bucket
  Secret key;         // empty: any key, or none, will do
  Secret read_key;    // Push only: lets GET through and nothing else
};

std::unique_ptr<Simulator> make_push_simulator(const VendorOptions& options);
std::unique_ptr<Simulator> make_securenvoy_simulator(const VendorOptions& options);

struct WebhookOptions {
  std::vector<Secret> secrets;  // any of them may have signed; none: nothing is checked, and the lines say so
  bool json = false;            // lines as JSON
  uint64_t fail_first = 0;      // answers 503 to that many deliveries before it takes any
  std::function<void(std::string_view)> print;  // takes a line without its end
};

// Fails when a secret is neither whsec_<base64> nor usable as it stands.
Result<std::unique_ptr<Simulator>> make_webhook_simulator(WebhookOptions options);

}  // namespace sluice
