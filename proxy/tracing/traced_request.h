// TracedRequest: what a request leaves for its trace: flat, no JSON. The exporter's thread makes spans of it.
// Owner: moved from the exchange to the TraceExporter. Holds no secret, no query and no body.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/units.h"

namespace sluice {

// A part of the request's time, from its begin.
struct TracedTime {
  Nanos from{-1}, to{-1};  // below 0: it did not come to that
  bool is_set() const { return from.count() >= 0 && to >= from; }
};

struct TracedRequest {
  // The parts, and the numbers of their spans (span_id). The first is the whole.
  enum Part : unsigned { kWhole, kAccept, kPolicy, kQueue, kRecord, kUpstream };
  static constexpr size_t kParts = 6;

  std::string request_id;  // a UUIDv7
  std::string trace_id;
  std::string parent_id;  // the caller's span; empty: the trace begins here
  std::string state;      // tracestate; may be empty
  std::chrono::system_clock::time_point began;
  std::array<TracedTime, kParts> times;

  // As in AuditRecord; empty: unknown.
  std::string method, path, route;  // route: the path's template
  std::string client, source_ip, api, operation, access, decision, reason, key;
  std::vector<std::string> rules;
  std::string problem;  // type of an answer of the gate's own, or why there is no whole answer
  bool tls = false;     // of the client's connection
  bool failed = false;  // allowed, but no whole answer
  int status = 0;       // 0: nothing was answered
  std::optional<int> upstream_status;
  std::optional<int64_t> queued_ms;
  int attempts = 0;
  bool vendor_tls = true;
  std::string vendor_host, vendor_authority, vendor_path;  // of the API's URL
  uint16_t vendor_port = 0;

  // How many spans will come of it.
  size_t spans() const {
    size_t count = 0;
    for (const TracedTime& time : times) count += time.is_set() ? 1 : 0;
    return count;
  }
};

}  // namespace sluice
