// splunk-hec: Splunk's HTTP Event Collector. Objects one behind the other, neither a list nor lines; `event`
// is the CloudEvent as it stands in the spool, and `fields` are what searches group by (indexed extractions).
// Source: help.splunk.com, "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event Collector".
#include "proxy/audit/formats/event_json.h"
#include "proxy/audit/formats/makers.h"

namespace sluice {
namespace {

// What an answer's `code` means. Those of another HTTP status than that of an error of ours are judged by it.
struct Code {
  int64_t number;
  Verdict verdict;
  const char* words;
};
constexpr Code kCodes[] = {
    {0, Verdict::kTaken, ""},
    // Wrong settings on one of both sides: what waits is taken once somebody has set them right.
    {1, Verdict::kLater, "the token is disabled in Splunk"},
    {2, Verdict::kLater, "the header Authorization with the token is missing"},
    {3, Verdict::kLater, "the header Authorization is not \"Splunk TOKEN\""},
    {4, Verdict::kLater, "Splunk does not know the token"},
    {5, Verdict::kRefused, "no data"},
    {6, Verdict::kRefused, "invalid data format"},
    {7, Verdict::kLater, "the token may not write to its index"},
    {8, Verdict::kLater, "internal error"},
    {9, Verdict::kLater, "the server is busy"},
    {10, Verdict::kLater, "the token wants acknowledgement: set indexer_acknowledgement"},
    {11, Verdict::kLater, "the channel is not valid"},
    {12, Verdict::kRefused, "an event is missing"},
    {13, Verdict::kRefused, "an event is blank"},
    {14, Verdict::kLater, "the token has no acknowledgement: remove indexer_acknowledgement"},
    {15, Verdict::kRefused, "the indexed fields are not valid"},
};

const Code* code_of(const HttpResult& result) {
  if (!result.error.empty()) return nullptr;
  const EventJson reply = EventJson::parse(result.body, nullptr, false);
  if (!reply.is_object()) return nullptr;
  const auto found = reply.find("code");
  if (found == reply.end() || !found->is_number_integer()) return nullptr;
  for (const Code& code : kCodes)
    if (*found == code.number) return &code;
  return nullptr;
}

class SplunkHec final : public EventFormat {
 public:
  std::string_view content_type() const override { return "application/json"; }
  size_t most_events() const override { return 100; }
  std::string write(std::span<const StoredEvent> events) const override;
  Verdict judge(const HttpResult& result) const override;
  std::string explain(const HttpResult& result) const override;
};

EventJson envelope(const EventView& view) {
  constexpr double kMsInSecond = 1000;
  EventJson out;
  // A double holds the milliseconds of this century exactly enough to print them.
  out["time"] = static_cast<double>(view.event.time_ms) / kMsInSecond;
  put(out, "host", view.instance);
  out["source"] = "sluice";
  out["sourcetype"] = "sluice:audit";
  EventJson fields = {{"type", to_text(view.event.type)}};
  for (const char* name : {"client", "api", "operation", "access", "decision"})
    put(fields, name, view.text(name));
  out["fields"] = std::move(fields);
  return out;
}

std::string SplunkHec::write(std::span<const StoredEvent> events) const {
  std::string batch;
  for (const StoredEvent& event : events) {
    const EventView view(event);
    EventJson out = envelope(view);
    if (!view.is_readable) {
      out["event"] = event.body;
      batch += to_octets(out);
      continue;
    }
    // The stored octets and no others, so that the chain can be checked from _raw.
    batch += to_octets(out);
    batch.back() = ',';
    batch += "\"event\":" + event.body + "}";
  }
  return batch;
}

Verdict SplunkHec::judge(const HttpResult& result) const {
  const Verdict by_status = judge_status(result);
  const Code* code = code_of(result);
  if (code == nullptr || by_status == Verdict::kGone) return by_status;
  // A 0 beside an error is not Splunk's word, but that of something in between.
  if (code->verdict == Verdict::kTaken) return by_status;
  // Nor is a refusal beside an outage: events would be set aside for what passes.
  if (code->verdict == Verdict::kRefused && by_status == Verdict::kLater) return by_status;
  return code->verdict;
}

std::string SplunkHec::explain(const HttpResult& result) const {
  const Code* code = code_of(result);
  return code == nullptr ? std::string() : code->words;
}

}  // namespace

std::unique_ptr<EventFormat> make_splunk_hec_format() { return std::make_unique<SplunkHec>(); }

}  // namespace sluice
