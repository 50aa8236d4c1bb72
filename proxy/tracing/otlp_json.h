// otlp_json: requests as an ExportTraceServiceRequest in the JSON of OTLP
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids in hexadecimal, 64-bit numbers as
// texts, enumerations as numbers. Of a text that is not UTF-8 each octet
// outside ASCII becomes U+FFFD. Pure. Thread: the exporter's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/tracing/traced_request.h"

namespace sluice {

// Who sends: the resource's service.name and service.instance.id.
struct TraceSource {
  std::string service_name;
  std::string instance;
};

std::string write_otlp(const TraceSource& source, std::span<const std::unique_ptr<TracedRequest>> requests);

// What an answer with status 200 says of spans that were not taken (partial_success). Of anything that is not
// such an answer: nothing.
struct ExportAnswer {
  uint64_t rejected = 0;
  std::string message;
};
ExportAnswer read_export_answer(std::string_view body);

}  // namespace sluice
