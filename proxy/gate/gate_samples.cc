// The gauges and counters of /metrics that are read when they are asked for (interface 7).
#include <algorithm>
#include <limits>
#include <map>

#include "proxy/gate/capacity.h"
#include "proxy/gate/certificate_ends.h"
#include "proxy/gate/gate.h"
#include "proxy/log.h"
#include "proxy/net/clock.h"
#include "proxy/version.h"

namespace sluice {

namespace {

class Samples {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  void gauge(std::string name, std::string help, Labels labels, double value) {
    all_.push_back({std::move(name), std::move(help), MetricType::kGauge, std::move(labels), value});
  }
  void counter(std::string name, std::string help, Labels labels, uint64_t value) {
    all_.push_back({std::move(name), std::move(help), MetricType::kCounter, std::move(labels),
                    static_cast<double>(value)});
  }
  std::vector<MetricSample> take() { return std::move(all_); }

 private:
  std::vector<MetricSample> all_;
};

void add_reloads(const ReloadState& reloads, Samples& samples) {
  samples.gauge("sluice_config_last_reload_success",
                "Whether the configuration that was last read is in force.", {},
                reloads.rejection().empty() ? 1 : 0);
  constexpr const char* kHelp = "Reloads, by whether what was read is in force since.";
  samples.counter("sluice_config_reloads_total", kHelp, {{"outcome", "taken_up"}}, reloads.taken_up);
  samples.counter("sluice_config_reloads_total", kHelp, {{"outcome", "rejected"}}, reloads.rejected);
}

double seconds(Nanos time) { return std::chrono::duration<double>(time).count(); }

void add_capacity(const std::string& api, const Capacity& capacity, Samples& samples) {
  constexpr double kForever = std::numeric_limits<double>::infinity();
  const Samples::Labels labels{{"api", api}};
  samples.gauge("sluice_limit_in_use_ratio",
                "The share of the vendor's limit that was spent in the last 10 s.", labels, capacity.in_use);
  samples.gauge("sluice_limit_held_seconds", "How long a 429 of the vendor's still holds back every request.",
                labels, seconds(capacity.figures.held));
  samples.gauge("sluice_queue_wait_expected_seconds",
                "How long a new request of a client with nothing waiting would wait; +Inf: nothing is sent.",
                labels, capacity.figures.wait ? seconds(*capacity.figures.wait) : kForever);
  samples.gauge("sluice_queue_oldest_seconds", "How long the request has waited that waits longest.", labels,
                seconds(capacity.figures.oldest));
}

void add_api(const Serving& serving, size_t index, const WorkerFigures::Vendor& figures, Samples& samples) {
  const std::string& api = serving.config.apis[index].name;
  const Scheduler& scheduler = *serving.apis[index].room->scheduler;
  for (size_t client = 0; client < serving.config.clients.size(); ++client) {
    samples.gauge("sluice_queue_depth", "Requests that wait for the vendor's limit.",
                  {{"api", api}, {"client", serving.config.clients[client].name}},
                  static_cast<double>(scheduler.waiting(serving.pace_slots[client])));
  }
  const RateLimit& limit = serving.apis[index].limit;
  samples.gauge("sluice_limit_rate", "Requests a second that the vendor's limit allows.", {{"api", api}},
                limit.rate);
  samples.gauge("sluice_limit_burst", "Requests that the vendor's limit allows at once.", {{"api", api}},
                limit.burst);
  add_capacity(api, capacity_of(serving, index, monotonic_now()), samples);
  constexpr const char* kHelp = "Connections to the vendor.";
  samples.gauge("sluice_upstream_connections", kHelp, {{"api", api}, {"state", "active"}},
                static_cast<double>(figures.active));
  samples.gauge("sluice_upstream_connections", kHelp, {{"api", api}, {"state", "idle"}},
                static_cast<double>(figures.idle));
}

// Of a part that has several keys, while one is rotated, one that the vendor takes is enough.
void add_keys(const std::string& api, const Credential& credential, Samples& samples) {
  std::map<std::string, bool> usable;
  for (const Credential::Choice& key : credential.all()) {
    bool& one = usable[std::string(key.name)];
    one = one || (!key.state->is_over() && key.state->refused() == 0);
  }
  for (const auto& [key, is_usable] : usable)
    samples.gauge("sluice_credential_usable",
                  "Whether there is a key that the vendor has not refused: read or full.",
                  {{"api", api}, {"key", key}}, is_usable ? 1 : 0);
}

// The first to end of each file, of which a reload may have several.
void add_certificates(const Serving& serving, const std::vector<std::string>& listeners, Samples& samples) {
  std::map<std::pair<std::string, std::string>, int64_t> ends;
  for (const auto& [place, certificate] : certificates_in_use(serving, listeners)) {
    const auto [found, is_new] = ends.try_emplace({place, certificate.file}, certificate.ends);
    if (!is_new) found->second = std::min(found->second, certificate.ends);
  }
  for (const auto& [place, end] : ends)
    samples.gauge("sluice_certificate_expires_timestamp_seconds",
                  "Unix time at which a certificate of the gate's ends.",
                  {{"place", place.first}, {"file", place.second}}, static_cast<double>(end));
}

void add_parts(const std::vector<PartState>& parts, Samples& samples) {
  bool ready = true;
  for (const PartState& part : parts) {
    ready = ready && part.ready;
    samples.gauge("sluice_part_ready", "Whether a part that requests need is usable, as in /readyz.",
                  {{"part", part.name}}, part.ready ? 1 : 0);
  }
  samples.gauge("sluice_ready", "Whether the gate takes requests: 1 when /readyz is 200.", {}, ready ? 1 : 0);
}

void add_webhook(const WebhookState& webhook, Samples& samples) {
  const Samples::Labels labels{{"webhook", webhook.name}};
  samples.gauge("sluice_audit_backlog", "Events that a webhook has not acknowledged.", labels,
                static_cast<double>(webhook.backlog));
  samples.gauge("sluice_audit_lag_seconds", "Age of the oldest event that a webhook has not acknowledged.",
                labels, webhook.lag_seconds);
  constexpr const char* kHelp = "Attempts to deliver to a webhook.";
  const char* name = "sluice_webhook_deliveries_total";
  samples.counter(name, kHelp, {{"webhook", webhook.name}, {"outcome", "delivered"}}, webhook.delivered);
  samples.counter(name, kHelp, {{"webhook", webhook.name}, {"outcome", "failed"}}, webhook.failed);
  samples.counter("sluice_webhook_dead_letters_total", "Events set aside because a webhook refuses them.",
                  labels, webhook.dead_letters);
  samples.gauge("sluice_webhook_up",
                "Whether a webhook takes events: 0 when it fails again and again, or is disabled.", labels,
                webhook.suspended || webhook.disabled ? 0 : 1);
}

void add_audit(const AuditLog& audit, const AuditConfig& config, Samples& samples) {
  samples.gauge("sluice_audit_usable", "Whether the spool takes events.", {}, audit.usable() ? 1 : 0);
  samples.gauge("sluice_audit_signed", "Whether the last checkpoint of the audit could be signed and kept.",
                {}, audit.checkpoints().trouble.empty() ? 1 : 0);
  samples.gauge("sluice_audit_spool_bytes", "What the events in the spool take of the disk.", {},
                static_cast<double>(audit.spool_bytes()));
  samples.gauge("sluice_audit_spool_limit_bytes",
                "audit.retain.size: beyond it the oldest events are removed, whoever still wants them.", {},
                static_cast<double>(config.retain_size.count));
  const auto events = audit.events_by_type();
  for (size_t i = 0; i < events.size(); ++i) {
    samples.counter("sluice_audit_events_total", "Audit events recorded.",
                    {{"type", std::string(to_text(static_cast<AuditType>(i)))}}, events[i]);
  }
  for (const WebhookState& webhook : audit.webhooks()) add_webhook(webhook, samples);
}

void add_log_and_traces(const TraceExporter::Counts& spans, Samples& samples) {
  samples.counter("sluice_log_lines_dropped_total", "Log lines that stderr did not take in time.", {},
                  log_lines_dropped());
  constexpr const char* kHelp = "Spans of requests, by what became of them.";
  const char* name = "sluice_trace_spans_total";
  samples.counter(name, kHelp, {{"outcome", "exported"}}, spans.exported);
  samples.counter(name, kHelp, {{"outcome", "dropped"}}, spans.dropped);
  samples.counter(name, kHelp, {{"outcome", "failed"}}, spans.failed);
}

}  // namespace

std::vector<MetricSample> Gate::samples() const {
  std::shared_ptr<const Serving> now;
  std::vector<std::string> listeners;  // of one snapshot with it
  {
    const std::lock_guard lock(serving_mutex_);
    now = serving_;
    listeners = listener_names_;
  }
  Samples samples;
  samples.gauge("sluice_build_info", "The version that runs.", {{"version", kVersion}}, 1);
  add_parts(parts(), samples);
  samples.gauge("sluice_policy_info", "The policy in force, by its SHA-256.",
                {{"sha256", now->policy_sha256}}, 1);
  add_reloads(reloader_->state(), samples);
  if (limits_ != nullptr) {
    samples.gauge("sluice_rate_limit_store_up", "Whether the store of the shared limits answers.", {},
                  limits_->state().up ? 1 : 0);
  }
  std::map<std::string, int64_t> open;
  for (const auto& running : workers_)
    for (const auto& [listener, count] : running->worker->figures().connections) open[listener] += count;
  for (const auto& [listener, count] : open) {
    samples.gauge("sluice_connections", "Open client connections.", {{"listener", listener}},
                  static_cast<double>(count));
  }
  for (size_t i = 0; i < now->apis.size(); ++i) {
    add_api(*now, i, vendor_figures(now->config.apis[i].name), samples);
    add_keys(now->config.apis[i].name, now->apis[i].credential, samples);
  }
  add_certificates(*now, listeners, samples);
  add_audit(*audit_, now->config.audit, samples);
  add_log_and_traces(traces_.counts(), samples);
  return samples.take();
}

}  // namespace sluice
