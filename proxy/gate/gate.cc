#include "proxy/gate/gate.h"

#include <array>
#include <csignal>

#include "proxy/audit/resolve_webhook.h"
#include "proxy/gate/gate_facts.h"
#include "proxy/log.h"

namespace sluice {

namespace {

// How long the webhooks may take to receive what is left, after the last request.
constexpr Millis kWebhookPatience{5'000};
constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP};

void mask_signals(int how) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kSignals) sigaddset(&set, number);
  pthread_sigmask(how, &set, nullptr);
}

// A client's share among those that wait (interface 2.4).
double weight_of(const ClientConfig& client) {
  const auto weight = static_cast<double>(client.weight);
  switch (client.priority) {
    case Priority::kInteractive: return 4 * weight;
    case Priority::kNone: return 2 * weight;
    case Priority::kBatch: return weight;
  }
  return weight;
}

}  // namespace

Gate::Gate(std::shared_ptr<const Serving> serving) : certificates_(loop_), delay_(*this) {
  shared_.serving = std::move(serving);
  metrics_ = std::make_unique<Metrics>();
  shared_.metrics = metrics_.get();
  shared_.on_worker_ended = [this] { loop_.post([this] { on_worker_ended(); }); };
  started_ = monotonic_now();
}

Result<std::unique_ptr<Gate>> Gate::open(std::shared_ptr<const Serving> serving) {
  auto gate = std::unique_ptr<Gate>(new Gate(std::move(serving)));
  if (Result<void> opened = gate->open_budgets(); !opened) return opened.error();
  if (Result<void> opened = gate->open_workers(); !opened) return opened.error();
  if (Result<void> opened = gate->open_admin(); !opened) return opened.error();
  if (Result<void> opened = gate->open_audit(); !opened) return opened.error();
  gate->watch_certificates();
  gate->watch_signals();
  return gate;
}

Gate::~Gate() {
  if (audit_ != nullptr) audit_->stop(Millis(0));
  admin_.reset();
  workers_.clear();
}

Result<void> Gate::open_budgets() {
  const Serving& serving = *shared_.serving;
  if (serving.config.rate_limit_store) {
    auto limits = SharedLimits::make(*serving.config.rate_limit_store);
    if (!limits) return limits.error();
    limits_ = std::move(*limits);
  }
  for (size_t i = 0; i < serving.apis.size(); ++i) {
    const RateLimit limit = serving.apis[i].limit;
    shared_.budgets.push_back(limits_ != nullptr ? limits_->make_budget(serving.config.apis[i].name, limit)
                                                 : make_local_budget(limit, monotonic_now()));
  }
  return {};
}

Result<void> Gate::open_workers() {
  const Config& config = shared_.serving->config;
  std::vector<double> weights;
  for (const ClientConfig& client : config.clients) weights.push_back(weight_of(client));
  for (size_t i = 0; i < config.apis.size(); ++i) {
    shared_.schedulers.push_back(
        std::make_unique<Scheduler>(*shared_.budgets[i], config.apis[i].queue, weights));
  }
  for (const ListenConfig& listener : config.listen) {
    shared_.listener_tls.emplace_back();
    if (!listener.tls) continue;
    auto tls = TlsContext::for_listener(*listener.tls);
    if (!tls) return tls.error();
    shared_.listener_tls.back() = std::move(*tls);
  }
  const size_t count = config.workers > 0 ? static_cast<size_t>(config.workers)
                                          : std::max<size_t>(1, std::thread::hardware_concurrency());
  // And the loops of the webhooks and of the shared limits; each webhook may have a name that nobody
  // resolves.
  size_thread_pool(count + 2, config.audit.webhooks.size());
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < count; ++i) {
    auto worker = std::make_unique<Worker>(shared_);
    if (Result<void> listening = worker->listen(ports); !listening) return listening.error();
    if (i == 0) {
      for (const auto& listener : worker->listeners()) ports.push_back(listener->port());
    }
    workers_.push_back(std::move(worker));
  }
  return {};
}

Result<void> Gate::open_admin() {
  const AdminConfig& config = shared_.serving->config.admin;
  metrics_->add_collector([this] { return samples(); });
  auto admin = start_admin(loop_, config,
                           {[this] { return parts(); }, [this] { return status_json(); }, metrics_.get()});
  if (!admin) return Error{"admin: " + admin.error().message};
  admin_ = std::move(*admin);
  return {};
}

Result<void> Gate::open_audit() {
  const AuditConfig& config = shared_.serving->config.audit;
  std::vector<ResolvedWebhook> webhooks;
  for (const WebhookConfig& webhook : config.webhooks) {
    Result<ResolvedWebhook> resolved = resolve_webhook(webhook);
    if (!resolved) return resolved.error();
    webhooks.push_back(std::move(*resolved));
  }
  const StartReport report = start_report(*shared_.serving, facts_of(*shared_.serving, webhooks));
  auto opened = open_audit_log(config, std::move(webhooks), {}, report);
  if (!opened) return opened.error();
  audit_ = std::move(*opened);
  shared_.audit = audit_.get();
  return {};
}

void Gate::watch_certificates() {
  for (size_t i = 0; i < shared_.listener_tls.size(); ++i) {
    if (shared_.listener_tls[i] == nullptr) continue;
    certificates_.watch("listener " + workers_[0]->listener_name(i), *shared_.listener_tls[i]);
  }
  const Serving& serving = *shared_.serving;
  for (size_t i = 0; i < serving.apis.size(); ++i) {
    if (serving.apis[i].tls == nullptr) continue;
    certificates_.watch("api " + serving.config.apis[i].name, *serving.apis[i].tls);
  }
  if (limits_ != nullptr && limits_->tls() != nullptr)
    certificates_.watch("rate_limit_store", *limits_->tls());
  certificates_.start();
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
  for (const auto& worker : workers_) {
    threads_.emplace_back([this, &worker] {
      sigset_t all;  // signals are the main thread's
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      worker->run();
    });
  }
  workers_[0]->probe_keys();
  for (const auto& listener : workers_[0]->listeners()) {
    log_info("listening", {{"role", "data"}, {"address", listener->address()}});
  }
  const std::string& host = shared_.serving->config.admin.address.host;
  const std::string address =
      (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(admin_->port());
  log_info("listening", {{"role", "admin"}, {"address", address}});
  log_info("ready", {{"policy", shared_.serving->policy_sha256}});
  mask_signals(SIG_UNBLOCK);  // of this thread alone
  loop_.run();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  log_info("stopped");
}

void Gate::on_signal(int number) {
  if (number == SIGHUP) {
    log_warning("reload is not supported: restart the gate to take up a changed configuration");
    return;
  }
  ++signals_seen_;
  const DrainConfig& drain = shared_.serving->config.drain;
  if (signals_seen_ == 1) {
    log_info("draining",
             {{"delay", format_duration(drain.delay)}, {"timeout", format_duration(drain.timeout)}});
    draining_ = true;
    if (drain.delay.count() > 0) return delay_.set(loop_.deadlines(), drain.delay);
    return begin_drain();
  }
  log_warning("ending at once: a second signal");
  for (const auto& worker : workers_) worker->drain(Millis(0));
}

void Gate::on_deadline() { begin_drain(); }

void Gate::begin_drain() {
  for (const auto& worker : workers_) worker->drain(shared_.serving->config.drain.timeout);
}

// The last one ends the rest: the seats go back to the other replicas, the audit takes what is left, then the
// admin port closes.
void Gate::on_worker_ended() {
  if (--workers_left_ > 0) return;
  delay_.clear();
  certificates_.stop();
  if (limits_ != nullptr) limits_->leave();
  audit_->stop(signals_seen_ > 1 ? Millis(0) : kWebhookPatience);
  admin_.reset();
  hold_signals();
  for (uv_signal_t& signal : signals_) uv_close(reinterpret_cast<uv_handle_t*>(&signal), nullptr);
  loop_.stop();
}

}  // namespace sluice
