// Worker: one thread's share of the gate: its loop, its listeners and connections, its vendor connections,
// its ways to the waiting rooms. Shares with other workers the serving snapshot, the waiting rooms, and the
// way to the audit. Owner: the gate (serve command). Thread: its own; the public calls after start() are
// posted to it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "proxy/admin/metrics.h"
#include "proxy/audit/audit_log.h"
#include "proxy/gate/callers.h"
#include "proxy/gate/key_probe.h"
#include "proxy/gate/key_refusals.h"
#include "proxy/gate/port.h"
#include "proxy/gate/serving.h"
#include "proxy/gate/station.h"
#include "proxy/http/h1_parser.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/resolver.h"
#include "proxy/net/tcp_stream.h"

namespace sluice {

class Downstream;
class Exchange;
class TraceExporter;
class Tunnel;
struct Tunnelled;

// What all workers share. Owner: the gate; outlives the workers.
struct Shared {
  AuditLog* audit = nullptr;
  KeySets* key_sets = nullptr;  // null: no issuer of tokens is known
  AuthFailureCounts auth_failures;
  Metrics* metrics = nullptr;
  TraceExporter* traces = nullptr;           // null: traces go nowhere
  Connector connector = TcpStream::connect;  // to the vendors
  // Has all secrets resolved anew, and calls `done` when the workers have what came of it. Any thread, both.
  std::function<void(std::function<void()> done)> resolve_again = [](const auto& done) { done(); };
  // A worker has served its last request. On its thread, whose loop may still wait for a lookup.
  std::function<void()> on_worker_ended = [] {};
  std::atomic<int64_t> connections{0};
};

// Figures for /status and /metrics, refreshed every 100 ms.
struct WorkerFigures {
  struct Vendor {
    std::string api;
    int64_t idle = 0, active = 0;  // connections
  };
  std::vector<Vendor> vendors;
  std::vector<std::pair<std::string, int64_t>> connections;  // by listener
};

class Worker final : private AuditWaiter, private DeadlineObserver {
 public:
  explicit Worker(Shared& shared);
  ~Worker() override;

  // What is served from now on, in two steps: before run(), or on the worker's thread.
  // Opens the listeners that it has and this has not, on the ports given (0: as configured), in the order of
  // config.listen; what comes by them until then is served by what is in force. Returns their ports, or why
  // one cannot be had: nothing has changed then.
  Result<std::vector<uint16_t>> prepare(const Serving& serving, const std::vector<uint16_t>& ports);
  // Requires: it was prepared. New requests are served by it, those under way by what they began with.
  // Listeners that it has not are closed, their connections end after the request under way.
  void take_up(std::shared_ptr<const Serving> serving);
  // What was prepared is not taken up.
  void let_go_of_prepared() { prepared_.clear(); }

  // Addresses, in the order of config.listen.
  std::vector<std::string> listener_names() const;
  // Runs on the calling thread until the drain is over.
  void run();
  // Stops accepting; connections end after the request under way, at the latest after `patience`. Any thread.
  void drain(Millis patience);

  // Tries the vendors' keys that are new (`credential.probe`). Of one worker, at the start and after a
  // reload. Any thread.
  void probe_keys();

  // For connections and exchanges, on the worker's thread.
  EventLoop& loop() { return loop_; }
  Callers& callers() { return callers_; }
  KeyRefusals& key_refusals() { return key_refusals_; }
  const std::shared_ptr<const Station>& station() const { return station_; }
  const Config& config() const { return station_->serving->config; }
  // Destroys it in a later turn: parts of it may be on the stack.
  void retire(std::shared_ptr<const Station> station);
  AuditLog& audit() { return *shared_.audit; }
  TraceExporter* traces() { return shared_.traces; }
  bool draining() const { return draining_; }
  WorkerFigures figures() const;
  // Makes the record durable; the exchange's on_recorded follows unless it has called forget_record
  // meanwhile.
  uint64_t record_durably(std::unique_ptr<AuditRecord> record, Exchange& exchange);
  void submit(std::unique_ptr<AuditRecord> record);
  // The vendor answers 429 again and again: for the audit, the log and the metrics.
  void report_limit(const Station& station, size_t api);
  // An empty record, with the memory of an older one where there is one.
  std::unique_ptr<AuditRecord> take_record();
  void forget_record(uint64_t token) { recording_.erase(token); }
  // on_record_late follows, unless the audit's word is on its way already: a loop that was held up must not
  // take its own lateness for the audit's.
  void give_up_recording(uint64_t token);
  // Takes a connection over: from a listener, or from a test.
  void adopt(StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port);
  void remove(Downstream& connection);
  // worker_tunnels.cc: the same of a port that serves CONNECT, until TLS begins in the tunnel and it is a
  // connection like the others.
  void adopt_tunnel(StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port);
  void open_tunnel(Tunnel& tunnel, StreamPtr stream, std::unique_ptr<const Tunnelled> tunnelled);
  void remove(Tunnel& tunnel);
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
  Result<std::shared_ptr<Port>> open_port(const ListenConfig& config,
                                          const std::shared_ptr<const TlsContext>& tls, uint16_t number);
  void change_tls(const std::shared_ptr<Port>& port, const std::shared_ptr<const TlsContext>& tls);
  // Counts a connection. False: there are too many.
  bool count_in(const IpAddress& peer, Port& port);
  void count_out(const IpAddress& peer, Port& port);
  void forget(Tunnel& tunnel);
  void drain_tunnels(const Port* port);  // null: of every port
  void shut_down_tunnels();
  void leave_ports(const std::vector<std::shared_ptr<Port>>& old);

  EventLoop loop_;
  Shared& shared_;
  Resolver resolver_;
  Callers callers_;
  KeyRefusals key_refusals_;
  KeyProbe key_probe_;
  std::shared_ptr<const Station> station_;
  std::vector<std::shared_ptr<const Station>> retired_;
  std::vector<std::shared_ptr<Port>> ports_, prepared_;  // by config.listen
  std::unordered_map<Downstream*, std::unique_ptr<Downstream>> connections_;
  std::unordered_map<Tunnel*, std::unique_ptr<Tunnel>> tunnels_;
  std::map<std::array<uint8_t, 16>, int64_t> per_source_;  // connections by address
  std::vector<std::unique_ptr<Exchange>> spare_exchanges_;
  std::unordered_map<uint64_t, Exchange*> recording_;
  std::vector<std::unique_ptr<AuditRecord>> spare_records_;
  uint64_t next_token_ = 1;
  HeadLimits head_limits_;
  mutable std::mutex figures_mutex_;
  WorkerFigures figures_;  // guarded by figures_mutex_
  Deadline tick_;          // refreshes the figures; ends the drain
  Millis drain_until_{0};
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace sluice
