// Worker: one thread's share of the gate: its loop, its listeners and connections, its vendor connections,
// its ways to the waiting rooms. Shares with other workers the serving snapshot, the waiting rooms, and the
// way to the audit. Owner: the gate (serve command). Thread: its own; the public calls after start() are
// posted to it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/admin/metrics.h"
#include "proxy/audit/audit_log.h"
#include "proxy/gate/key_probe.h"
#include "proxy/gate/key_refusals.h"
#include "proxy/gate/serving.h"
#include "proxy/gate/shared_read.h"
#include "proxy/gate/upstream_pool.h"
#include "proxy/http/h1_parser.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/listener.h"
#include "proxy/net/resolver.h"
#include "proxy/net/tcp_stream.h"
#include "proxy/pacing/pacer.h"

namespace sluice {

class Downstream;
class Exchange;

// What all workers share. Owner: the gate; outlives the workers.
struct Shared {
  std::shared_ptr<const Serving> serving;
  std::vector<std::unique_ptr<Budget>> budgets;           // one per API, as below
  std::vector<std::unique_ptr<Scheduler>> schedulers;     // destroyed before the budgets
  std::vector<std::unique_ptr<TlsContext>> listener_tls;  // one per listener, null without TLS
  AuditLog* audit = nullptr;
  Metrics* metrics = nullptr;
  Connector connector = TcpStream::connect;  // to the vendors
  // Has all secrets resolved anew, and calls `done` when the workers have what came of it. Any thread, both.
  std::function<void(std::function<void()> done)> resolve_again = [](const auto& done) { done(); };
  // A worker has served its last request. On its thread, whose loop may still wait for a lookup.
  std::function<void()> on_worker_ended = [] {};
  std::atomic<int64_t> connections{0};
};

// Figures for /status and /metrics, refreshed every 100 ms. Read from any thread.
struct WorkerFigures {
  struct PerApi {
    std::atomic<int64_t> idle{0}, active{0};  // vendor connections
  };
  std::deque<PerApi> apis;
  std::vector<std::atomic<int64_t>> connections;  // by listener
  explicit WorkerFigures(const Config& config)
      : apis(config.apis.size()), connections(config.listen.size()) {}
};

class Worker final : private AuditWaiter, private DeadlineObserver {
 public:
  explicit Worker(Shared& shared);
  ~Worker() override;

  // Opens a listener for each of config.listen, on the ports given (0: as configured).
  Result<void> listen(const std::vector<uint16_t>& ports);
  const std::vector<std::unique_ptr<Listener>>& listeners() const { return listeners_; }
  const std::string& listener_name(size_t index) const { return listener_names_[index]; }
  // Runs on the calling thread until the drain is over.
  void run();
  // Stops accepting; connections end after the request under way, at the latest after `patience`. Any thread.
  void drain(Millis patience);

  // Tries the vendors' keys that are new (`credential.probe`). Of one worker, at the start and after a
  // reload. Any thread.
  void probe_keys();

  // For connections and exchanges, on the worker's thread.
  EventLoop& loop() { return loop_; }
  const std::shared_ptr<const Serving>& serving() const { return shared_.serving; }
  UpstreamPool& pool(size_t api) { return *pools_[api]; }
  Pacer& pacer(size_t api) { return *pacers_[api]; }
  SharedReads& shared_reads() { return shared_reads_; }
  AuditLog& audit() { return *shared_.audit; }
  Tally& tally() { return tally_; }
  KeyRefusals& key_refusals() { return key_refusals_; }
  bool draining() const { return draining_; }
  const WorkerFigures& figures() const { return figures_; }
  // Makes the record durable; the exchange's on_recorded follows unless it has called forget_record
  // meanwhile.
  uint64_t record_durably(std::unique_ptr<AuditRecord> record, Exchange& exchange);
  void submit(std::unique_ptr<AuditRecord> record);
  // The vendor answers 429 again and again: for the audit, the log and the metrics.
  void report_limit(size_t api);
  // An empty record, with the memory of an older one where there is one.
  std::unique_ptr<AuditRecord> take_record();
  void forget_record(uint64_t token) { recording_.erase(token); }
  // on_record_late follows, unless the audit's word is on its way already: a loop that was held up must not
  // take its own lateness for the audit's.
  void give_up_recording(uint64_t token);
  // Takes a connection over: from a listener, or from a test.
  void adopt(StreamPtr stream, const IpAddress& peer, size_t listener);
  void remove(Downstream& connection);
  // For one request; take_back() when it has ended.
  std::unique_ptr<Exchange> lend_exchange(Downstream& connection);
  void take_back(std::unique_ptr<Exchange> exchange);
  const HeadLimits& head_limits() const { return head_limits_; }

 private:
  void keep(std::unique_ptr<AuditRecord> spent);
  void on_recorded(uint64_t token, bool durable) override;
  void on_deadline() override;
  void begin_drain(Millis patience);
  void end_when_idle();
  void update_figures();

  EventLoop loop_;
  Shared& shared_;
  Tally& tally_;
  Resolver resolver_;
  std::vector<std::unique_ptr<UpstreamPool>> pools_;
  std::vector<std::unique_ptr<Pacer>> pacers_;
  SharedReads shared_reads_;
  KeyRefusals key_refusals_;
  KeyProbe key_probe_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::string> listener_names_;  // addresses; stay when the listeners have closed
  std::unordered_map<Downstream*, std::unique_ptr<Downstream>> connections_;
  std::map<std::array<uint8_t, 16>, int64_t> per_source_;  // connections by address
  std::vector<std::unique_ptr<Exchange>> spare_exchanges_;
  std::unordered_map<uint64_t, Exchange*> recording_;
  std::vector<std::unique_ptr<AuditRecord>> spare_records_;
  uint64_t next_token_ = 1;
  HeadLimits head_limits_;
  WorkerFigures figures_;
  Deadline tick_;  // refreshes the figures; ends the drain
  Millis drain_until_{0};
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace sluice
