#include "proxy/gate/gate.h"

#include <array>
#include <csignal>

#include "config/address.h"
#include "proxy/admin/process_figures.h"
#include "proxy/audit/event_source.h"
#include "proxy/audit/resolve_webhook.h"
#include "proxy/gate/caller_figures.h"
#include "proxy/gate/certificate_ends.h"
#include "proxy/log.h"
#include "proxy/net/quiet_thread.h"
#include "proxy/net/work_queue.h"

namespace sluice {

namespace {

// How long the webhooks may take to receive what is left, after the last request.
constexpr Millis kWebhookPatience{5'000};
constexpr Millis kEnding{10'000};  // for the rest: the reload under way, the seats, the spool
constexpr Millis kCollectorPatience{1'000};
constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP};

constexpr size_t kOtherLoops = 4;  // of the webhooks, the issuers' keys, the shared limits, the traces
// Theirs, the audit's, the log's, the reloader's, and some for names that are looked up.
constexpr size_t kOtherThreads = kOtherLoops + 3 + 4;

size_t worker_count(const Config& config) {
  if (config.workers > 0) return static_cast<size_t>(config.workers);
  return std::max<size_t>(1, std::thread::hardware_concurrency());
}

void mask_signals(int how) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kSignals) sigaddset(&set, number);
  pthread_sigmask(how, &set, nullptr);
}

}  // namespace

Gate::Gate(std::shared_ptr<Serving> serving, ReadServing read, SecretSources& sources)
    : serving_(std::move(serving)),
      watcher_(loop_, [this] { reloader_->request("a file has changed", nullptr); }),
      read_(std::move(read)),
      sources_(sources),
      timer_(*this) {
  metrics_ = std::make_unique<Metrics>();
  shared_.metrics = metrics_.get();
  shared_.key_sets = &key_sets_;
  shared_.on_worker_ended = [this] { loop_.post([this] { on_worker_ended(); }); };
  shared_.resolve_again = [this](std::function<void()> done) {
    reloader_->request("the vendor refuses a key",
                       [done = std::move(done)](const ReloadOutcome&) { done(); });
  };
  sources_.confirm();
  reloader_ = std::make_unique<Reloader>(
      [this](const std::string& cause) { return reload_as_told(cause); },
      Reloader::Watch{"a secret in vault has changed", [this] { return sources_.poll_after(); },
                      [this] { return sources_.changed(); }});
  started_ = monotonic_now();
}

Result<std::unique_ptr<Gate>> Gate::open(ServingRead first, ReadServing read, SecretSources& sources) {
  const std::shared_ptr<Serving> serving = first.serving;
  auto gate = std::unique_ptr<Gate>(new Gate(serving, std::move(read), sources));
  const size_t workers = worker_count(serving->config);
  if (Result<void> started = start_thread_pool(workers + kOtherLoops, workers + kOtherThreads); !started)
    return started.error();
  if (Result<void> opened = gate->open_budgets(*serving); !opened) return opened.error();
  if (Result<void> opened = gate->open_workers(serving); !opened) return opened.error();
  if (Result<void> taken = gate->key_sets_.take_up(serving->config.identity.jwt); !taken)
    return taken.error();
  if (Result<void> opened = gate->open_admin(); !opened) return opened.error();
  if (Result<void> opened = gate->open_audit(); !opened) return opened.error();
  if (Result<void> opened = gate->open_traces(); !opened) return opened.error();
  gate->watch_files(std::move(first.files), std::move(first.stamps));
  gate->watch_signals();
  return gate;
}

Gate::~Gate() {
  reloader_->stop();
  key_sets_.stop();
  if (audit_ != nullptr) audit_->stop(Millis(0));
  admin_.reset();
  workers_.clear();
}

std::shared_ptr<const Serving> Gate::serving() const {
  const std::lock_guard lock(serving_mutex_);
  return serving_;
}

std::vector<std::string> Gate::listener_names() const {
  const std::lock_guard lock(serving_mutex_);
  return listener_names_;
}

std::chrono::system_clock::time_point Gate::policy_since() const {
  const std::lock_guard lock(serving_mutex_);
  return policy_since_;
}

// Both of one snapshot.
void Gate::warn_of_certificates() const {
  const std::lock_guard lock(serving_mutex_);
  warn_of_certificate_ends(*serving_, listener_names_);
}

Result<void> Gate::open_budgets(Serving& serving) {
  if (serving.config.rate_limit_store) {
    auto limits = SharedLimits::make(*serving.config.rate_limit_store);
    if (!limits) return limits.error();
    limits_ = std::move(*limits);
  }
  rooms_ = std::make_unique<PaceRooms>(limits_.get());
  rooms_->seat(serving, monotonic_now());
  rooms_->open(serving, monotonic_now());
  return {};
}

Result<void> Gate::open_workers(const std::shared_ptr<const Serving>& serving) {
  const size_t count = worker_count(serving->config);
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < count; ++i) {
    auto running = std::make_unique<RunningWorker>();
    running->worker = std::make_unique<Worker>(shared_);
    auto prepared = running->worker->prepare(*serving, ports);
    if (!prepared) return prepared.error();
    ports = std::move(*prepared);
    running->worker->take_up(serving);
    workers_.push_back(std::move(running));
  }
  listener_names_ = workers_[0]->worker->listener_names();
  return {};
}

Result<void> Gate::open_admin() {
  metrics_->add_collector([this] { return samples(); });
  metrics_->add_collector(process_samples);
  metrics_->add_collector([this] { return caller_samples(shared_.auth_failures, key_sets_.states()); });
  AdminSources sources{[this] { return parts(); },
                       [this](const StatusForm& form) { return status_text(form); }, metrics_.get(),
                       &outcomes_.latest(), &history_};
  sources.hosts = [this] { return serving()->config.admin.hosts; };
  sources.reload = [this](std::function<void(const ReloadOutcome&)> done) {
    reloader_->request("POST /reload", [this, done = std::move(done)](const ReloadOutcome& outcome) {
      loop_.post([done, outcome] { done(outcome); });
    });
  };
  auto admin = start_admin(loop_, serving_->config.admin, std::move(sources));
  if (!admin) return Error{"admin: " + admin.error().message};
  admin_ = std::move(*admin);
  return {};
}

Result<void> Gate::open_audit() {
  const AuditConfig& config = serving_->config.audit;
  auto webhooks = resolve_webhooks(config);
  if (!webhooks) return webhooks.error();
  webhook_stamps_ = stamp_webhooks(config);
  facts_ = facts_of(*serving_, *webhooks);
  const StartReport report = start_report(*serving_, facts_);
  auto opened = open_audit_log(config, std::move(*webhooks), {}, report, &outcomes_);
  if (!opened) return opened.error();
  audit_ = std::move(*opened);
  shared_.audit = audit_.get();
  return {};
}

Result<std::optional<TraceTarget>> Gate::trace_target_of(const Serving& serving) {
  const auto& config = serving.config.tracing;
  if (!config) return std::optional<TraceTarget>();
  auto target = make_trace_target(*config, serving.trace_headers, event_origin());
  if (!target) return target.error();
  return std::optional<TraceTarget>(std::move(*target));
}

Result<void> Gate::open_traces() {
  auto target = trace_target_of(*serving_);
  if (!target) return target.error();
  traces_.take_up(std::move(*target));
  shared_.traces = &traces_;
  return {};
}

void Gate::watch_files(std::vector<std::string> files, std::vector<FileStamp> stamps) {
  files_ = files;
  watcher_.watch(std::move(files), std::move(stamps));
}

void Gate::watch_signals() {
  signals_.resize(kSignals.size());
  for (size_t i = 0; i < kSignals.size(); ++i) {
    uv_signal_init(loop_.uv(), &signals_[i]);
    signals_[i].data = this;
    uv_signal_start(
        &signals_[i],
        [](uv_signal_t* handle, int number) { static_cast<Gate*>(handle->data)->on_signal(number); },
        kSignals[i]);
  }
}

void Gate::hold_signals() { mask_signals(SIG_BLOCK); }

void Gate::run() {
  if (limits_ != nullptr) limits_->start();
  workers_left_ = workers_.size();
  for (const auto& running : workers_) {
    running->thread = start_quiet_thread("sluice-worker", [&running] {
      running->worker->run();
      running->ended = true;
    });
  }
  workers_[0]->worker->probe_keys();
  for (size_t i = 0; i < listener_names_.size(); ++i)
    log_info("listening", {{"role", role_of(serving_->config.listen[i])}, {"address", listener_names_[i]}});
  Address admin = serving_->config.admin.address;
  admin.port = admin_->port();
  log_info("listening", {{"role", "admin"}, {"address", to_text(admin)}});
  log_info("ready", {{"policy", serving_->policy_sha256}});
  warn_of_certificates();
  tell_service_manager();
  reloader_->start();  // from now on these are guarded
  timer_.set(loop_.deadlines(), kDay);
  history_timer_.set(loop_.deadlines(), History::until_next(unix_ms_now()));
  mask_signals(SIG_UNBLOCK);  // of this thread alone
  loop_.run();
  for (const auto& running : workers_) running->thread.join();
  log_info("stopped");
}

void Gate::tell_service_manager() {
  std::vector<ServiceLink::Watched> loops;
  for (const auto& running : workers_) loops.push_back({&running->worker->loop(), &running->ended});
  service_.serving(sentence(), loops);
}

void Gate::on_signal(int number) {
  if (number == SIGHUP) return reloader_->request("SIGHUP", nullptr);
  ++signals_seen_;
  const DrainConfig drain = serving()->config.drain;
  if (signals_seen_ == 1) {
    log_info("draining",
             {{"delay", format_duration(drain.delay)}, {"timeout", format_duration(drain.timeout)}});
    draining_ = true;
    service_.draining("Draining: requests under way have " + format_duration(drain.delay + drain.timeout),
                      drain.delay + drain.timeout + kWebhookPatience + kEnding);
    reloader_->end();
    watcher_.stop();
    timer_.clear();
    if (drain.delay.count() > 0) return timer_.set(loop_.deadlines(), drain.delay);
    return begin_drain();
  }
  log_warning("ending at once: a second signal");
  timer_.clear();  // the delay is over
  for (const auto& running : workers_) running->worker->drain(Millis(0));
}

void Gate::on_deadline() {
  if (draining_) return begin_drain();
  warn_of_certificates();
  timer_.set(loop_.deadlines(), kDay);
}

void Gate::begin_drain() {
  const Millis timeout = serving()->config.drain.timeout;
  for (const auto& running : workers_) running->worker->drain(timeout);
}

// The last one ends the rest: the seats go back to the other replicas, the audit takes what is left, then the
// admin port closes.
void Gate::on_worker_ended() {
  if (--workers_left_ > 0) return;
  timer_.clear();
  history_timer_.clear();
  service_.ending(kWebhookPatience + kEnding);
  sources_.end();
  reloader_->stop();
  if (limits_ != nullptr) limits_->leave();
  key_sets_.stop();
  audit_->stop(signals_seen_ > 1 ? Millis(0) : kWebhookPatience);
  traces_.stop(signals_seen_ > 1 ? Millis(0) : kCollectorPatience);
  admin_.reset();
  hold_signals();
  for (uv_signal_t& signal : signals_) uv_close(reinterpret_cast<uv_handle_t*>(&signal), nullptr);
  loop_.stop();
}

}  // namespace sluice
