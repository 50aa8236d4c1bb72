// Gate: the running whole: workers on their threads, the audit, the admin port, signals.
// Owner: the serve command. Thread: main; run() returns after a clean drain.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/result.h"
#include "proxy/admin/admin.h"
#include "proxy/admin/metrics.h"
#include "proxy/audit/audit_log.h"
#include "proxy/gate/certificate_watcher.h"
#include "proxy/gate/worker.h"
#include "proxy/pacing/shared_limits.h"

namespace sluice {

class Gate final : private DeadlineObserver {
 public:
  // Opens everything: audit, listeners, admin port. Nothing is served before run(). The error says what is
  // missing.
  static Result<std::unique_ptr<Gate>> open(std::shared_ptr<const Serving> serving);
  ~Gate();

  // Serves until SIGTERM or SIGINT, then drains. A second signal ends at once.
  void run();

  // Keeps back the signals that run() listens to: one that comes before it, or while everything ends, waits
  // and kills nothing. From main, before any thread is started.
  static void hold_signals();

 private:
  explicit Gate(std::shared_ptr<const Serving> serving);
  Result<void> open_audit();
  Result<void> open_budgets();
  Result<void> open_workers();
  Result<void> open_admin();
  void watch_certificates();
  void watch_signals();
  void on_signal(int number);
  void on_deadline() override;
  void begin_drain();
  void on_worker_ended();

  // gate_status.cc
  std::vector<PartState> parts() const;
  std::string status_json() const;
  std::vector<MetricSample> samples() const;

  EventLoop loop_;  // of the admin port and the signals
  Shared shared_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<SharedLimits> limits_;  // null: this process has the limits for itself
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Admin> admin_;
  CertificateWatcher certificates_;
  std::vector<uv_signal_t> signals_;
  Deadline delay_;
  Nanos started_{0};
  size_t workers_left_ = 0;
  int signals_seen_ = 0;
  bool draining_ = false;
};

}  // namespace sluice
