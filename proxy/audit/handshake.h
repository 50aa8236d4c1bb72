// handshake: a receiver's consent to be sent events (HTTP 1.1 Web Hooks for Event Delivery, CloudEvents
// 1.0.2, section 4 "Abuse Protection"). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/result.h"
#include "config/units.h"
#include "proxy/http/http_client.h"

namespace sluice {

// How often consent is asked for anew. The specification names no period.
inline constexpr Millis kConsentPeriod{24LL * 3600 * 1000};

// Adds what asks for consent, or goes with each delivery: who sends.
void add_request_origin(HttpCall& call, std::string_view origin);
// The least time between two deliveries that the receiver allows (0: any), or why it does not consent.
Result<Millis> read_consent(const HttpResult& result, std::string_view origin);

}  // namespace sluice
