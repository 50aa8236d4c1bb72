// TraceExporter: sends the spans of requests to a collector (OTLP over HTTP, as JSON) from a thread of its
// own. Whoever hands a request over never waits: what does not fit is dropped and counted, so a collector
// that is down, slow or hostile costs nothing but its own spans. Batches of kBatch spans, or what a second
// brought; one at a time; sent again where OTLP says so, for at most kRetryFor. Owner: the gate. Thread:
// submit() and counts() any; the rest the owner's. Fails: never; what does not arrive is counted, and logged.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "proxy/net/event_loop.h"
#include "proxy/net/resolver.h"
#include "proxy/tracing/trace_target.h"
#include "proxy/tracing/traced_request.h"

namespace sluice {

class TraceExporter final : private DeadlineObserver {
 public:
  static constexpr size_t kMostWaiting = 2048;  // spans
  static constexpr size_t kBatch = 512;         // spans, as OpenTelemetry's own batches
  struct Options {
    Millis interval{1'000};
    Millis timeout{10'000};     // of one attempt
    Millis first_retry{1'000};  // doubled each time, with up to 20 % more
    Millis longest_retry{30'000};
    Millis retry_for{60'000};  // of one batch
  };
  // Of spans, since the start. `failed`: sent, and not taken, or of which nobody knows whether they were.
  struct Counts {
    uint64_t exported = 0, dropped = 0, failed = 0;
  };

  explicit TraceExporter(Options options);
  TraceExporter() : TraceExporter(Options()) {}
  ~TraceExporter();

  // Where traces go from now on; the first one starts the thread. nullopt: nowhere, once what waits has had
  // one attempt.
  void take_up(std::optional<TraceTarget> target);
  void submit(std::unique_ptr<TracedRequest> request);
  // Gives what waits one attempt, for at most so long, and ends the thread. Idempotent.
  void stop(Millis patience);
  Counts counts() const;

 private:
  enum class Phase {
    kIdle,     // until the next batch is due
    kSending,  // an attempt is under way
    kWaiting,  // for the time of the next one
  };

  void on_deadline() override;  // the phase's
  void on_patience_over() { finish(); }
  void replace(std::optional<TraceTarget> target);
  void put_in_force();
  void begin_end(Millis patience);
  void pump();
  bool take_batch();
  void send();
  void on_answer(const HttpResult& result);
  void on_taken(const HttpResult& result);
  void retry_or_fail(const std::string& why, Millis asked_for);
  void fail(const std::string& why);
  void say_once(const std::string& why);
  void end_batch();
  void drop_waiting();
  void finish();
  bool wants_no_retry() const { return ending_ || leaving_; }

  const Options options_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<TracedRequest>> waiting_;  // guarded by mutex_
  size_t waiting_spans_ = 0;                             // guarded by mutex_
  bool open_ = false;                                    // guarded by mutex_; somebody takes what waits
  std::atomic<uint64_t> exported_{0}, dropped_{0}, failed_{0};

  // The thread's.
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_;
  std::optional<TraceTarget> target_, next_target_;  // next: once no attempt is under way
  std::unique_ptr<HttpClient> client_;
  Phase phase_ = Phase::kIdle;
  Deadline deadline_;
  MemberDeadline<TraceExporter> patience_;
  std::vector<std::unique_ptr<TracedRequest>> batch_;
  std::string body_;  // of the batch
  size_t batch_spans_ = 0;
  Millis give_up_{0}, retry_after_{0};  // of the loop's clock; the next pause
  bool leaving_ = false;                // no traces are wanted any more
  bool ending_ = false;
  bool said_failure_ = false, said_partial_ = false;

  std::thread thread_;  // the owner's
};

}  // namespace sluice
