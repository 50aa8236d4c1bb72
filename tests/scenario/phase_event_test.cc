// Every phase of an exchange meets every event. The table says what the client gets and what the audit
// records.
#include <gmock/gmock.h>

#include <array>

#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

constexpr const char* kShortPhases = "    timeouts: { connect: 40ms, response: 40ms, silence: 40ms }\n";
constexpr const char* kShortTotal = "    timeouts: { connect: 1h, response: 1h, silence: 1h, total: 40ms }\n";
constexpr const char* kLong = "    timeouts: { connect: 1h, response: 1h, silence: 1h, total: 1h }\n";

// In the order of the table's columns.
enum Event {
  kClientLeaves,
  kClientEnds,
  kClientBreaksBody,
  kVendorEnds,
  kVendorResets,
  kVendorTalksNonsense,
  kPhaseTimesOut,
  kTotalTimesOut,
  kAuditRefuses,
  kDrainBegins,
  kDrainEnds,
  kEvents
};

class PhaseEvent : public GateFixture {
 protected:
  // Brings the exchange to a phase. Its client is clients_[0].
  void bring_to(Exchange::Phase phase) {
    MemoryStream& tool = client();
    switch (phase) {
      case Exchange::Phase::kIdle: return turn();
      case Exchange::Phase::kIdentifying: {  // a stranger, after many like him: his 401 is held back
        std::string stranger = post(R"({"group":"x"})");
        stranger.replace(stranger.find("token-of"), 8, "nothing-");
        tool.feed(stranger.substr(0, stranger.size() - 4));
        return turn();
      }
      case Exchange::Phase::kReading:
        tool.feed(post(R"({"group":"x"})").substr(0, post(R"({"group":"x"})").size() - 4));
        return turn();
      case Exchange::Phase::kQueued:  // a read that the vendor refused, while its API is held
        tool.feed(get());
        vendor().feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 8\r\nContent-Length: 0\r\n\r\n");
        return turn();
      case Exchange::Phase::kRecording:
        audit_.answers_at_once = false;
        tool.feed(post(R"({"group":"x"})"));
        return turn();
      case Exchange::Phase::kConnecting:
        connects_at_once_ = false;
        tool.feed(get());
        return turn();
      case Exchange::Phase::kSending:
        tool.feed(get());
        vendor();
        return turn();
      case Exchange::Phase::kResolving:  // a read that the vendor refused the key for
        shared_->resolve_again = [](const auto&) {};
        tool.feed(get());
        vendor().feed("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        return turn();
      case Exchange::Phase::kRelaying:
        tool.feed(get());
        vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        return turn();
    }
  }

  void fire(Event event) {
    MemoryStream* last_vendor = vendors_.empty() ? nullptr : vendors_.back().get();
    if (last_vendor != nullptr && last_vendor->released) last_vendor = nullptr;
    MemoryStream& tool = *clients_[0];
    switch (event) {
      case kClientLeaves: tool.fail(); break;
      case kClientEnds: tool.end(); break;
      case kClientBreaksBody: tool.feed(std::string("\0\0\0\0", 4)); break;
      case kVendorEnds:
        if (last_vendor != nullptr) last_vendor->end();
        break;
      case kVendorResets:
        if (last_vendor != nullptr) last_vendor->fail();
        break;
      case kVendorTalksNonsense:
        if (last_vendor != nullptr) last_vendor->feed("nonsense\r\n\r\n");
        break;
      case kPhaseTimesOut: wait(Millis(320)); break;  // the audit's time is 250 ms
      case kTotalTimesOut: wait(Millis(120)); break;
      case kAuditRefuses:
        for (const auto& [waiter, token] : audit_.waiting) waiter->on_recorded(token, false);
        break;
      case kDrainBegins: worker_->drain(Millis(600'000)); break;
      case kDrainEnds:
        worker_->drain(Millis(0));
        wait(Millis(150));
        break;
      case kEvents: break;
    }
    turn();
  }

  void wait(Millis time) {
    const Nanos until = monotonic_now() + time;
    while (monotonic_now() < until) worker_->loop().turn();
  }

  // "200 +ab forwarded", "cut failed", "- -": what the client got, and the outcome in the audit.
  std::string result() {
    const MemoryStream& tool = *clients_[0];
    std::string text = tool.written.empty() ? "-" : tool.written.substr(9, 3);
    if (!tool.written.empty() && tool.released && !tool.finished) text += " cut";
    std::string outcome = "-";
    for (const AuditRecord& record : audit_.records) {
      if (is_request_event(record.type) && record.type != AuditType::kRequestAttempted)
        outcome = std::string(to_text(record.type)).substr(8);
    }
    return text + " " + outcome;
  }

  std::string meet(Exchange::Phase phase, Event event) {
    const bool phase_ends = event == kPhaseTimesOut;
    start(phase_ends ? kShortPhases : (event == kTotalTimesOut ? kShortTotal : kLong),
          phase_ends ? "limits: { head_time: 40ms, body_time: 40ms }\n" : "");
    // Attempts enough for a 401 that is held back for 200 ms, or for 5 s.
    const int strangers = phase == Exchange::Phase::kIdentifying ? (phase_ends ? 11 : 20) : 0;
    for (int i = 0; i < strangers; ++i) {
      const Millis delay = worker_->callers().fail(*parse_ip("192.0.2.7"), AuthFailure::kUnknownToken, 10);
      if (delay > Millis(0)) worker_->callers().end_hold();
    }
    bring_to(phase);
    fire(event);
    std::string got = result();
    clients_[0]->fail();  // ends what is still pending
    turn();
    TearDown();
    clients_.clear();
    vendors_.clear();
    audit_ = FakeAudit();
    connects_at_once_ = true;
    return got;
  }
};

struct Row {
  Exchange::Phase phase;
  std::array<const char*, kEvents> cells;
};

using P = Exchange::Phase;

constexpr std::array<Row, 9> kTable = {{
    {P::kIdle, {"- -", "- -", "- -", "- -", "- -", "- -", "- -", "- -", "- -", "- -", "- -"}},
    {P::kIdentifying,
     {"- refused", "- refused", "- -", "- -", "- -", "- -", "401 cut refused", "401 refused", "- -", "- -",
      "503 refused"}},
    {P::kReading,
     {"- failed", "- failed", "400 refused", "- -", "- -", "- -", "408 refused", "408 refused", "- -", "- -",
      "503 refused"}},
    {P::kQueued,
     {"- failed", "- failed", "- -", "- -", "- -", "- -", "- -", "504 failed", "- -", "- -", "503 failed"}},
    {P::kRecording,
     {"- failed", "- -", "- -", "- -", "- -", "- -", "503 failed", "504 failed", "503 failed", "- -",
      "503 failed"}},
    {P::kConnecting,
     {"- failed", "- -", "- -", "502 failed", "502 failed", "- -", "502 failed", "504 failed", "- -", "- -",
      "503 failed"}},
    {P::kSending,
     {"- failed", "- -", "- -", "502 failed", "502 failed", "502 failed", "504 failed", "504 failed", "- -",
      "- -", "503 failed"}},
    {P::kRelaying,
     {"200 cut failed", "200 -", "200 -", "200 cut failed", "200 cut failed", "200 forwarded",
      "200 cut failed", "200 cut failed", "200 -", "200 -", "200 cut failed"}},
    // Its own time is 5 s: after that it queues, as a scenario of its own shows.
    {P::kResolving,
     {"- failed", "- -", "- -", "- -", "- -", "- -", "- -", "504 failed", "- -", "- -", "503 failed"}},
}};

TEST_F(PhaseEvent, EndsAsTheTableSays) {
  for (const Row& row : kTable) {
    for (int event = 0; event < kEvents; ++event) {
      EXPECT_EQ(meet(row.phase, static_cast<Event>(event)), row.cells[static_cast<size_t>(event)])
          << to_text(row.phase) << ", event " << event;
    }
  }
}

}  // namespace
}  // namespace sluice
