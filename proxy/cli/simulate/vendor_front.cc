#include "proxy/cli/simulate/vendor_front.h"

#include <algorithm>
#include <utility>

#include "config/address.h"
#include "config/ascii.h"

namespace sluice {

VendorFront::VendorFront(const VendorOptions& options, VendorManners manners, std::unique_ptr<VendorApi> api)
    : options_(options),
      manners_(std::move(manners)),
      api_(std::move(api)),
      bucket_(options.rate, options.burst) {}

HttpResponse VendorFront::answer(const HttpRequest& request, Arrival at) {
  if (request.path == kStatsPath && request.method == "GET") return answer_json(200, traffic_.to_json());
  const std::string_view key = judge_key(request);
  HttpResponse response = decide(request, key, at.steady);
  traffic_.record(request, response.status, key);
  return response;
}

// Two headers with a key are no key: a vendor that took either would hide a gate that forwards its caller's.
std::string_view VendorFront::judge_key(const HttpRequest& request) const {
  const auto is_key_header = [this](const auto& header) {
    return to_lower(header.first) == manners_.key_header;
  };
  const auto count = std::count_if(request.headers.begin(), request.headers.end(), is_key_header);
  std::string_view given = request.header(manners_.key_header);
  const bool fits = count == 1 && given.substr(0, manners_.key_prefix.size()) == manners_.key_prefix;
  given.remove_prefix(fits ? manners_.key_prefix.size() : given.size());
  if (fits && !options_.read_key.empty() && options_.read_key.equals(given)) return "read";
  if (options_.key.empty()) return "any";
  if (count == 0) return "missing";
  return fits && options_.key.equals(given) ? "full" : "wrong";
}

HttpResponse VendorFront::decide(const HttpRequest& request, std::string_view key, Nanos now) {
  if (key == "missing" || key == "wrong") return manners_.no_key;
  if (!bucket_.try_take(now)) return answer_message(429, "Too Many Requests");
  if (key == "read" && request.method != "GET") return manners_.read_only;
  std::optional<HttpResponse> response = api_->serve(request);
  return response ? std::move(*response) : manners_.no_route;
}

}  // namespace sluice
