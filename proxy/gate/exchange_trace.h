// exchange_trace: the trace that a request is part of: its caller's, or one that begins here; and what the
// vendor is told of it. What is left of the request for its spans is Exchange::hand_over_trace. Pure helpers
// of the exchange. Without `tracing` they cost the search for a traceparent.
#pragma once

#include <optional>
#include <vector>

#include "config/tracing.h"
#include "policy/request_view.h"
#include "proxy/audit/record.h"
#include "proxy/gate/exchange_parts.h"
#include "proxy/http/h1_parser.h"

namespace sluice {

// Sets the record's trace_id, too. Requires: the record has its request_id.
void begin_trace(ExchangeTrace& trace, const RequestHead& head, const std::optional<TracingConfig>& config,
                 AuditRecord& record);

// Takes the caller's fields out and makes the gate's own, with its span as the vendor's parent. They are no
// part of the head that identical reads share.
void take_over_trace_fields(ExchangeTrace& trace, const AuditRecord& record, std::vector<HeaderView>& fields);

}  // namespace sluice
