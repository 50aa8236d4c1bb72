// TraceTarget: where traces go, ready to be used: secrets resolved, certificates read. Owner: the
// TraceExporter. Thread: any, one at a time.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/result.h"
#include "config/tracing.h"
#include "proxy/http/http_client.h"
#include "proxy/tracing/otlp_json.h"

namespace sluice {

struct TraceTarget {
  UpstreamUrl url;
  std::vector<std::pair<std::string, Secret>> headers;
  std::unique_ptr<TlsContext> tls;  // null for http
  TraceSource source;
};

using TraceHeaders = std::vector<std::pair<std::string, Secret>>;
// Fails for a secret that cannot be had, naming it.
Result<TraceHeaders> resolve_trace_headers(const TracingConfig& config);

// `instance`: which of the gates this is. Fails for a certificate that cannot be had, naming it.
Result<TraceTarget> make_trace_target(const TracingConfig& config, TraceHeaders headers,
                                      std::string instance);

HttpClientOptions client_options(const TraceTarget& target, Millis timeout);
HttpCall make_export(const TraceTarget& target, std::string body);

}  // namespace sluice
