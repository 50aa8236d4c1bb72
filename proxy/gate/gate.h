// Gate: the running whole: workers on their threads, the audit, the admin port, signals, reloads.
// Owner: the serve command. Thread: main; run() returns after a clean drain.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/result.h"
#include "proxy/admin/admin.h"
#include "proxy/admin/history.h"
#include "proxy/admin/metrics.h"
#include "proxy/admin/outcomes.h"
#include "proxy/audit/audit_log.h"
#include "proxy/gate/file_watcher.h"
#include "proxy/gate/gate_changes.h"
#include "proxy/gate/pace_rooms.h"
#include "proxy/gate/reloader.h"
#include "proxy/gate/serving_files.h"
#include "proxy/gate/worker.h"
#include "proxy/identity/key_sets.h"
#include "proxy/pacing/shared_limits.h"
#include "proxy/service/service_link.h"
#include "proxy/tracing/trace_exporter.h"

namespace sluice {

struct ApiStatus;

class Gate final : private DeadlineObserver {
 public:
  // Opens everything: audit, listeners, admin port. Nothing is served before run(). The error says what is
  // missing. `first` was read by `read`, which a reload calls again, on the reloader's thread, as the gate
  // does with `sources`, which outlive it.
  static Result<std::unique_ptr<Gate>> open(ServingRead first, ReadServing read, SecretSources& sources);
  ~Gate();

  // Serves until SIGTERM or SIGINT, then drains. A second signal ends at once. SIGHUP reloads.
  void run();

  // Keeps back the signals that run() listens to: one that comes before it, or while everything ends, waits
  // and kills nothing. From main, before any thread is started.
  static void hold_signals();

 private:
  Gate(std::shared_ptr<Serving> serving, ReadServing read, SecretSources& sources);
  Result<void> open_budgets(Serving& serving);
  Result<void> open_workers(const std::shared_ptr<const Serving>& serving);
  Result<void> open_admin();
  Result<void> open_audit();
  Result<void> open_traces();
  static Result<std::optional<TraceTarget>> trace_target_of(const Serving& serving);
  void watch_files(std::vector<std::string> files, std::vector<FileStamp> stamps);
  void watch_signals();
  void on_signal(int number);
  void on_deadline() override;
  void begin_drain();
  void on_worker_ended();
  // What new requests are served by. Any thread.
  std::shared_ptr<const Serving> serving() const;
  std::vector<std::string> listener_names() const;
  std::chrono::system_clock::time_point policy_since() const;
  void warn_of_certificates() const;
  void tell_service_manager();

  // gate_reload.cc: on the reloader's thread
  ReloadOutcome reload_as_told(const std::string& cause);
  ReloadOutcome reload(const std::string& cause);
  Result<void> take_up(const std::shared_ptr<Serving>& now);
  Result<void> prepare_workers(const std::shared_ptr<const Serving>& now);
  Result<void> take_up_webhooks(const Serving& now, const GateFacts& facts,
                                std::vector<ResolvedWebhook> webhooks);
  void commit(const std::shared_ptr<Serving>& now);
  void report_changes(const std::shared_ptr<const Serving>& now, GateFacts facts);
  void report_rejection(const ReloadOutcome& outcome);
  static std::vector<FileStamp> stamp_webhooks(const AuditConfig& config);
  bool run_on(size_t worker, const std::function<void()>& task);

  // gate_status.cc
  std::vector<PartState> parts() const;
  std::string status_text(const StatusForm& form) const;
  std::vector<ApiStatus> api_statuses(const Serving& serving) const;
  void sample();
  std::string sentence() const;
  WorkerFigures::Vendor vendor_figures(const std::string& api) const;
  // gate_samples.cc
  std::vector<MetricSample> samples() const;

  struct RunningWorker {
    std::unique_ptr<Worker> worker;
    std::thread thread;
    std::atomic<bool> ended{false};  // it will run nothing any more
  };

  EventLoop loop_;  // of the admin port and the signals
  ServiceLink service_{loop_, ServiceNotify::socket_of_environment(), watchdog_of_environment()};
  Shared shared_;
  std::unique_ptr<Metrics> metrics_;
  const std::chrono::system_clock::time_point started_at_ = std::chrono::system_clock::now();
  Outcomes outcomes_{unix_ms_now()};
  History history_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<PaceRooms> rooms_;
  std::unique_ptr<SharedLimits> limits_;  // null: this process has the limits for itself
  mutable std::mutex serving_mutex_;
  std::shared_ptr<const Serving> serving_;                            // guarded by serving_mutex_
  std::vector<std::string> listener_names_;                           // guarded by serving_mutex_
  std::chrono::system_clock::time_point policy_since_ = started_at_;  // guarded by serving_mutex_
  KeySets key_sets_;
  TraceExporter traces_;
  std::vector<std::unique_ptr<RunningWorker>> workers_;
  std::unique_ptr<Admin> admin_;
  FileWatcher watcher_;
  const ReadServing read_;
  SecretSources& sources_;
  std::vector<uv_signal_t> signals_;
  Deadline timer_;  // until the drain: of warnings; then of its delay
  MemberDeadline<Gate> history_timer_{*this, &Gate::sample};
  Nanos started_{0};
  size_t workers_left_ = 0;
  int signals_seen_ = 0;
  std::atomic<bool> draining_{false};
  // The reloader's thread's, once it runs.
  GateFacts facts_;
  std::vector<FileStamp> webhook_stamps_;
  std::string rejected_before_;  // findings of the last reload, if it was rejected
  std::vector<std::string> files_;
  std::unique_ptr<Reloader> reloader_;  // destroyed first: its thread uses the rest
};

}  // namespace sluice
