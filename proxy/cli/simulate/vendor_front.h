// VendorFront: what every simulated vendor has in front of its operations: the key check, the strict limit,
// the counts. Owner: whoever serves. Thread: one.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "proxy/cli/simulate/simulator.h"
#include "proxy/cli/simulate/strict_bucket.h"
#include "proxy/cli/simulate/traffic.h"

namespace sluice {

// The operations of one vendor.
class VendorApi {
 public:
  virtual ~VendorApi() = default;
  // nullopt when there is no such operation.
  virtual std::optional<HttpResponse> serve(const HttpRequest& request) = 0;
};

// How a vendor says no.
struct VendorManners {
  std::string_view key_header;
  std::string_view key_prefix;  // before the key in the header's value
  HttpResponse no_key;          // a missing or wrong key
  HttpResponse read_only;       // a write with a key that may only read
  HttpResponse no_route;
};

class VendorFront : public Simulator {
 public:
  VendorFront(const VendorOptions& options, VendorManners manners, std::unique_ptr<VendorApi> api);
  HttpResponse answer(const HttpRequest& request, Arrival at) override;

 private:
  std::string_view judge_key(const HttpRequest& request) const;
  HttpResponse decide(const HttpRequest& request, std::string_view key, Nanos now);

  VendorOptions options_;
  VendorManners manners_;
  std::unique_ptr<VendorApi> api_;
  StrictBucket bucket_;
  Traffic traffic_;
};

}  // namespace sluice
