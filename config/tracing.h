// The `tracing` block of a configuration: where traces of requests go (OTLP over HTTP, as JSON), and how
// many. Owner and threads: as model.h. proxy/tracing carries it out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/secret.h"
#include "config/upstream_url.h"

namespace sluice {

struct TracingConfig {
  UpstreamUrl otlp;   // path here is the whole path with the query; /v1/traces unless one was given
  double sample = 1;  // the part of the traces begun here that is kept, 0..1; a caller's own say is followed
  std::vector<std::pair<std::string, SecretRef>> headers;
  std::string ca;  // PEM; empty: the system's store
  std::string service_name = "sluice";
  Position at;
};

}  // namespace sluice
