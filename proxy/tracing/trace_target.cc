#include "proxy/tracing/trace_target.h"

#include "config/secret_source.h"
#include "proxy/net/address_guard.h"
#include "proxy/version.h"

namespace sluice {
namespace {

constexpr Bytes kLongestAnswer = 64_KiB;  // an answer says next to nothing

}  // namespace

Result<TraceHeaders> resolve_trace_headers(const TracingConfig& config) {
  TraceHeaders headers;
  for (const auto& [name, ref] : config.headers) {
    Result<Secret> value = resolve_secret(ref);
    if (!value) return Error{"tracing: header " + name + ": " + value.error().message};
    headers.emplace_back(name, std::move(*value));
  }
  return headers;
}

Result<TraceTarget> make_trace_target(const TracingConfig& config, TraceHeaders headers,
                                      std::string instance) {
  TraceTarget target;
  target.url = config.otlp;
  target.headers = std::move(headers);
  target.source = {config.service_name, std::move(instance)};
  if (config.otlp.tls) {
    auto tls = TlsContext::for_client(config.ca);
    if (!tls) return Error{"tracing: " + tls.error().message};
    target.tls = std::move(*tls);
  }
  return target;
}

HttpClientOptions client_options(const TraceTarget& target, Millis timeout) {
  HttpClientOptions options;
  options.origin = target.url;
  options.tls = target.tls.get();
  options.total_timeout = timeout;
  options.response_cap = kLongestAnswer;
  options.refuse_address = [](const IpAddress& address) { return refuse_address(address, false); };
  return options;
}

HttpCall make_export(const TraceTarget& target, std::string body) {
  HttpCall call;
  call.target = target.url.path;
  call.headers = {{"User-Agent", std::string("sluice/") + kVersion}, {"Content-Type", "application/json"}};
  for (const auto& [name, value] : target.headers) call.headers.emplace_back(name, value.reveal());
  call.body = std::move(body);
  return call;
}

}  // namespace sluice
