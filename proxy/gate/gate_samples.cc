// The gauges and counters of /metrics that are read when they are asked for (interface 7).
#include <map>

#include "proxy/gate/gate.h"

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

void add_api(const Serving& serving, size_t index, const WorkerFigures::Vendor& figures, Samples& samples) {
  const std::string& api = serving.config.apis[index].name;
  const Scheduler& scheduler = *serving.apis[index].room->scheduler;
  for (size_t client = 0; client < serving.config.clients.size(); ++client) {
    samples.gauge("sluice_queue_depth", "Requests that wait for the vendor's limit.",
                  {{"api", api}, {"client", serving.config.clients[client].name}},
                  static_cast<double>(scheduler.waiting(serving.pace_slots[client])));
  }
  constexpr const char* kHelp = "Connections to the vendor.";
  samples.gauge("sluice_upstream_connections", kHelp, {{"api", api}, {"state", "active"}},
                static_cast<double>(figures.active));
  samples.gauge("sluice_upstream_connections", kHelp, {{"api", api}, {"state", "idle"}},
                static_cast<double>(figures.idle));
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

void add_audit(const AuditLog& audit, Samples& samples) {
  const auto events = audit.events_by_type();
  for (size_t i = 0; i < events.size(); ++i) {
    samples.counter("sluice_audit_events_total", "Audit events recorded.",
                    {{"type", std::string(to_text(static_cast<AuditType>(i)))}}, events[i]);
  }
  for (const WebhookState& webhook : audit.webhooks()) add_webhook(webhook, samples);
}

}  // namespace

std::vector<MetricSample> Gate::samples() const {
  const std::shared_ptr<const Serving> now = serving();
  Samples samples;
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
  for (size_t i = 0; i < now->apis.size(); ++i)
    add_api(*now, i, vendor_figures(now->config.apis[i].name), samples);
  add_audit(*audit_, samples);
  return samples.take();
}

}  // namespace sluice
