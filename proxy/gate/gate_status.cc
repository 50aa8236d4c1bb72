// What the gate says of itself: /readyz and /status.
#include <nlohmann/json.hpp>

#include "policy/review/findings_json.h"
#include "proxy/audit/event.h"
#include "proxy/gate/caller_figures.h"
#include "proxy/gate/gate.h"
#include "proxy/version.h"

namespace sluice {

namespace {

// Further behind than this, a webhook is named in /readyz.
constexpr double kBehindSeconds = 60;

nlohmann::ordered_json to_json(const ReloadState& state) {
  if (state.cause.empty()) return nullptr;
  return {{"cause", state.cause},
          {"time", state.time},
          {"taken_up", state.outcome.taken_up},
          {"findings", findings_json(state.outcome.findings)},
          {"count", {{"taken_up", state.taken_up}, {"rejected", state.rejected}}}};
}

nlohmann::ordered_json to_json(const SharedLimitsState& limits) {
  nlohmann::ordered_json apis = nlohmann::ordered_json::array();
  for (const SharedLimitsState::PerApi& api : limits.apis) {
    apis.push_back({{"name", api.name},
                    {"standing", to_text(api.standing)},
                    {"seats", {{"shared", api.pool}, {"all", api.seats}}}});
  }
  return {{"up", limits.up}, {"detail", limits.detail}, {"apis", apis}};
}

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

nlohmann::ordered_json keys_json(const Credential& credential) {
  nlohmann::ordered_json keys = nlohmann::ordered_json::array();
  for (const Credential::Choice& key : credential.all()) {
    nlohmann::ordered_json json{{"key", key.name}, {"fingerprint", key.state->fingerprint()}};
    json["state"] = key.state->is_over() ? "lost" : key.state->refused() != 0 ? "refused" : "usable";
    if (key.state->refused() != 0) {
      json["upstream_status"] = key.state->refused();
      json["refused_at"] = format_time(key.state->refused_at());
    }
    keys.push_back(std::move(json));
  }
  return keys;
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

std::string Gate::status_json() const {
  const std::shared_ptr<const Serving> now = serving();
  const Config& config = now->config;
  nlohmann::ordered_json json;
  json["version"] = kVersion;
  json["uptime_seconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(monotonic_now() - started_).count();
  json["draining"] = draining_.load();
  json["policy"] = {{"file", config.policy}, {"sha256", now->policy_sha256}};
  json["reload"] = to_json(reloader_->state());
  json["workers"] = workers_.size();
  json["connections"] = shared_.connections.load();
  json["apis"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < config.apis.size(); ++i) {
    const WorkerFigures::Vendor figures = vendor_figures(config.apis[i].name);
    const RateLimit& limit = now->apis[i].limit;
    json["apis"].push_back({{"name", config.apis[i].name},
                            {"upstream", config.apis[i].upstream.authority},
                            {"limit", {{"rate", limit.rate}, {"burst", limit.burst}}},
                            {"keys", keys_json(now->apis[i].credential)},
                            {"waiting", now->apis[i].room->scheduler->waiting()},
                            {"connections", {{"active", figures.active}, {"idle", figures.idle}}}});
  }
  if (limits_ != nullptr) json["rate_limit_store"] = to_json(limits_->state());
  nlohmann::ordered_json webhooks = nlohmann::ordered_json::array();
  for (const WebhookState& webhook : audit_->webhooks()) {
    webhooks.push_back({{"name", webhook.name},
                        {"backlog", webhook.backlog},
                        {"lag_seconds", webhook.lag_seconds},
                        {"delivered", webhook.delivered},
                        {"failed", webhook.failed},
                        {"dead_letters", webhook.dead_letters},
                        {"suspended", webhook.suspended},
                        {"disabled", webhook.disabled},
                        {"last_error", webhook.last_error}});
  }
  const CheckpointState checkpoints = audit_->checkpoints();
  json["audit"] = {{"usable", audit_->usable()},
                   {"trouble", audit_->trouble()},
                   {"last_sequence", audit_->last_sequence()},
                   {"checkpoints",
                    {{"key", checkpoints.key},
                     {"sequence", checkpoints.sequence},
                     {"time_ms", checkpoints.time_ms},
                     {"trouble", checkpoints.trouble}}},
                   {"webhooks", webhooks}};
  return json.dump(2) + "\n";
}

}  // namespace sluice
