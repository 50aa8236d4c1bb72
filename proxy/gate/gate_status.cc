// What the gate says of itself: /readyz, /status, and the samples of /history.
#include "policy/compiler.h"
#include "proxy/audit/event_source.h"
#include "proxy/gate/caller_figures.h"
#include "proxy/gate/capacity.h"
#include "proxy/gate/gate.h"
#include "proxy/gate/status_json.h"

namespace sluice {

namespace {

// Further behind than this, a webhook is named in /readyz.
constexpr double kBehindSeconds = 60;

// A key that the vendor refuses is named, and the gate stays ready for its other APIs; one that is gone is
// not usable.
PartState credentials_part(const Serving& serving) {
  PartState part{"credentials", true, ""};
  for (size_t i = 0; i < serving.apis.size(); ++i) {
    bool usable = true;
    const std::string trouble = serving.apis[i].credential.trouble(&usable);
    part.ready = part.ready && usable;
    if (trouble.empty()) continue;
    part.detail += (part.detail.empty() ? "" : "; ") + serving.config.apis[i].name + " " + trouble;
  }
  if (part.detail.empty()) part.detail = "ok";
  return part;
}

}  // namespace

std::vector<PartState> Gate::parts() const {
  std::vector<PartState> parts;
  const std::string rejected = reloader_->state().rejection();
  parts.push_back({"configuration", true, rejected.empty() ? "ok" : rejected});
  parts.push_back({"policy", true, "ok"});
  parts.push_back(credentials_part(*serving()));
  const bool blocks = serving()->config.audit.when_unavailable == WhenUnavailable::kBlock;
  const bool usable = audit_->usable();
  parts.push_back({"audit", usable || !blocks, usable ? "ok" : audit_->trouble()});
  if (const std::string trouble = audit_->checkpoints().trouble; !trouble.empty())
    parts.push_back({"audit_checkpoints", true, trouble});
  if (limits_ != nullptr) {
    const SharedLimitsState limits = limits_->state();
    parts.push_back({"rate_limit_store", limits.ready, limits.detail});
  }
  for (PartState& part : key_parts(key_sets_.states())) parts.push_back(std::move(part));
  for (const WebhookState& webhook : audit_->webhooks()) {
    std::string detail = "ok";
    if (webhook.disabled)
      detail = "disabled: it answered 410";
    else if (webhook.suspended)
      detail = "fails again and again: " + webhook.last_error;
    else if (webhook.lag_seconds > kBehindSeconds)
      detail = "behind: " + webhook.last_error;
    else if (!webhook.last_error.empty())
      detail = webhook.last_error;
    parts.push_back({"webhook:" + webhook.name, true, detail});
  }
  parts.push_back({"serving", !draining_, draining_ ? "draining" : "ok"});
  return parts;
}

// For the service manager: one line.
std::string Gate::sentence() const {
  constexpr size_t kShown = 12;  // of a SHA-256, as in git
  const std::shared_ptr<const Serving> now = serving();
  std::string text = "Serving";
  const char* before = " ";
  for (const ApiConfig& api : now->config.apis) text += std::exchange(before, ", ") + api.name;
  return text + " under policy " + now->policy_sha256.substr(0, kShown);
}

WorkerFigures::Vendor Gate::vendor_figures(const std::string& api) const {
  WorkerFigures::Vendor total{api};
  for (const auto& running : workers_) {
    for (const WorkerFigures::Vendor& part : running->worker->figures().vendors) {
      if (part.api != api) continue;
      total.idle += part.idle;
      total.active += part.active;
    }
  }
  return total;
}

std::vector<ApiStatus> Gate::api_statuses(const Serving& serving) const {
  std::vector<ApiStatus> apis;
  const Nanos now = monotonic_now();
  for (size_t i = 0; i < serving.apis.size(); ++i) {
    const ApiConfig& api = serving.config.apis[i];
    apis.push_back({api.name, api.upstream.authority, serving.apis[i].limit, &serving.apis[i].credential,
                    capacity_of(serving, i, now), vendor_figures(api.name)});
  }
  return apis;
}

std::string Gate::status_text(const StatusForm& form) const {
  GateStatus status;
  const std::shared_ptr<const Serving> now = serving();
  status.instance = event_origin();
  status.time = std::chrono::system_clock::now();
  status.started = started_at_;
  status.uptime_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(monotonic_now() - started_).count();
  status.draining = draining_;
  status.parts = parts();
  status.policy_file = now->config.policy;
  status.policy_sha256 = now->policy_sha256;
  status.policy_rules = now->engine->compiled().rules.size();
  status.policy_since = policy_since();
  status.reload = reloader_->state();
  status.workers = workers_.size();
  status.connections = shared_.connections;
  status.requests = outcomes_.counts();
  status.shadow = outcomes_.shadow();
  status.apis = api_statuses(*now);
  SharedLimitsState limits;
  if (limits_ != nullptr) {
    limits = limits_->state();
    status.limits = &limits;
  }
  status.audit = {audit_->usable(), audit_->trouble(), audit_->last_sequence(), audit_->checkpoints(),
                  audit_->webhooks()};
  if (form.latest_denials) status.denials = outcomes_.latest().after(0);
  return status_json(status, form);
}

void Gate::sample() {
  history_timer_.set(loop_.deadlines(), History::until_next(unix_ms_now()));
  HistoryFigures figures;
  const std::shared_ptr<const Serving> now = serving();
  for (size_t i = 0; i < now->apis.size(); ++i) {
    const Capacity capacity = capacity_of(*now, i, monotonic_now());
    figures.apis.push_back({now->config.apis[i].name, capacity.per_second, capacity.in_use,
                            capacity.figures.waiting, capacity.figures.wait, capacity.figures.rejections});
  }
  for (const WebhookState& webhook : audit_->webhooks())
    figures.webhooks.push_back({webhook.name, webhook.backlog, webhook.lag_seconds});
  figures.requests = outcomes_.counts();
  history_.add(unix_ms_now(), figures);
}

}  // namespace sluice
