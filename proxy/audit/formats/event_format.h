// EventFormat: how a webhook's events are written, and what its receiver's answers mean. One file per format;
// make_event_format() is the only way to one. Owner: the deliverer. Thread: any; without state. Fails: never;
// an event whose stored JSON cannot be read is written with what the spool knows of it beside. Costs a parse
// and a write of JSON for each event, but for the two CloudEvents formats, which copy octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/units.h"
#include "config/webhook.h"
#include "proxy/audit/chain.h"
#include "proxy/audit/record.h"
#include "proxy/http/http_client.h"

namespace sluice {

// What an answer of the receiver means for the delivery.
enum class Verdict : uint8_t {
  kTaken,
  kRefused,  // this delivery is what it does not take: halve it, or set its one event aside
  kLater,    // try the same again
  kGone,     // 410: never again
};

class EventFormat {
 public:
  virtual ~EventFormat() = default;

  virtual std::string_view content_type() const = 0;
  // Interface 6: ocsf and slack speak of requests only. Other events are not for this webhook.
  virtual bool carries(AuditType type) const;
  virtual size_t most_events() const { return 1; }
  // A delivery of several events ends before the one whose stored octets would make them more than this.
  // Below what receivers are known to take (a Lambda's URL 6 MB, Splunk's collector 1 MB).
  virtual Bytes most_octets() const { return 256_KiB; }
  // The least time from the start of one delivery to the next; 0: none.
  virtual Millis pause() const { return Millis(0); }

  // The body. Requires: 1 to most_events() events, in order, all of them carried.
  virtual std::string write(std::span<const StoredEvent> events) const = 0;

  virtual Verdict judge(const HttpResult& result) const;
  // What the receiver's own words for a failure mean, in a few words, printable; "" when it said none. For
  // the log and /status, beside the HTTP status.
  virtual std::string explain(const HttpResult& result) const;
};

std::unique_ptr<EventFormat> make_event_format(WebhookFormat format);

// Interface 6: 2xx is taken, 410 is for good, and 400, 413, 415 and 422 (RFC 9110 15.5) speak of what was
// sent. Everything else, redirects and no answer included, may be otherwise later.
Verdict judge_status(const HttpResult& result);

}  // namespace sluice
