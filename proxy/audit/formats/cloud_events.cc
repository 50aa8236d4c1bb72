// cloudevents and cloudevents-batch: CloudEvents 1.0.2 in structured JSON, as they stand in the spool, octet
// for octet, so that a receiver can check the chain (JSON event format 3 and 4; HTTP binding 3.2 and 3.3).
#include "proxy/audit/formats/makers.h"

namespace sluice {
namespace {

class CloudEvents final : public EventFormat {
 public:
  std::string_view content_type() const override { return "application/cloudevents+json"; }
  std::string write(std::span<const StoredEvent> events) const override { return events.front().body; }
};

class CloudEventsBatch final : public EventFormat {
 public:
  std::string_view content_type() const override { return "application/cloudevents-batch+json"; }
  size_t most_events() const override { return 100; }
  std::string write(std::span<const StoredEvent> events) const override {
    std::string batch = "[";
    for (const StoredEvent& event : events) {
      if (batch.size() > 1) batch += ',';
      batch += event.body;
    }
    batch += ']';
    return batch;
  }
};

}  // namespace

std::unique_ptr<EventFormat> make_cloud_events_format() { return std::make_unique<CloudEvents>(); }

std::unique_ptr<EventFormat> make_cloud_events_batch_format() { return std::make_unique<CloudEventsBatch>(); }

}  // namespace sluice
