#include "proxy/gate/status_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "policy/review/findings_json.h"
#include "proxy/audit/event.h"
#include "proxy/version.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double value) { return std::round(value * 1'000) / 1'000; }
double seconds_of(Nanos time) { return rounded(std::chrono::duration<double>(time).count()); }

Json to_json(const ReloadState& state) {
  if (state.cause.empty()) return nullptr;
  return {{"cause", state.cause},
          {"time", format_time(state.time)},
          {"taken_up", state.outcome.taken_up},
          {"findings", findings_json(state.outcome.findings)},
          {"count", {{"taken_up", state.taken_up}, {"rejected", state.rejected}}}};
}

Json to_json(const SharedLimitsState& limits) {
  Json apis = Json::array();
  for (const SharedLimitsState::PerApi& api : limits.apis) {
    apis.push_back({{"name", api.name},
                    {"standing", to_text(api.standing)},
                    {"seats", {{"shared", api.pool}, {"all", api.seats}}}});
  }
  return {{"up", limits.up}, {"detail", limits.detail}, {"apis", apis}};
}

Json to_json(const std::vector<PartState>& parts) {
  Json json = Json::array();
  for (const PartState& part : parts)
    json.push_back({{"name", part.name}, {"ready", part.ready}, {"detail", part.detail}});
  return json;
}

Json keys_json(const Credential* credential) {
  Json keys = Json::array();
  if (credential == nullptr) return keys;
  for (const Credential::Choice& key : credential->all()) {
    Json json{{"key", key.name}, {"fingerprint", key.state->fingerprint()}};
    json["state"] = key.state->is_over() ? "lost" : key.state->refused() != 0 ? "refused" : "usable";
    if (key.state->refused() != 0) {
      json["upstream_status"] = key.state->refused();
      json["refused_at"] = format_time(key.state->refused_at());
    }
    keys.push_back(std::move(json));
  }
  return keys;
}

Json clients_json(const std::vector<ClientShare>& clients) {
  Json json = Json::array();
  for (const ClientShare& client : clients) {
    json.push_back({{"name", client.name},
                    {"waiting", client.waiting},
                    {"per_second", rounded(client.per_second)},
                    {"share", rounded(client.share)}});
  }
  return json;
}

Json to_json(const ApiStatus& api) {
  const Capacity& capacity = api.capacity;
  const PaceFigures& figures = capacity.figures;
  return {{"name", api.name},
          {"upstream", api.upstream},
          {"limit",
           {{"rate", api.limit.rate},
            {"burst", api.limit.burst},
            {"in_use", rounded(capacity.in_use)},
            {"per_second", rounded(capacity.per_second)},
            {"held_seconds", seconds_of(figures.held)},
            {"rejections", figures.rejections}}},
          {"wait_seconds", figures.wait ? Json(seconds_of(*figures.wait)) : Json(nullptr)},
          {"waiting", figures.waiting},
          {"oldest_seconds", seconds_of(figures.oldest)},
          {"busiest", capacity.busiest.empty() ? Json(nullptr) : Json(capacity.busiest)},
          {"clients", clients_json(capacity.clients)},
          {"keys", keys_json(api.credential)},
          {"connections", {{"active", api.connections.active}, {"idle", api.connections.idle}}}};
}

Json time_or_null(int64_t unix_ms) {
  if (unix_ms == 0) return nullptr;
  return format_time(std::chrono::system_clock::time_point(Millis(unix_ms)));
}

Json to_json(const AuditStatus& audit) {
  Json webhooks = Json::array();
  for (const WebhookState& webhook : audit.webhooks) {
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
  return {{"usable", audit.usable},
          {"trouble", audit.trouble},
          {"last_sequence", audit.last_sequence},
          {"checkpoints",
           {{"key", audit.checkpoints.key},
            {"sequence", audit.checkpoints.sequence},
            {"time", time_or_null(audit.checkpoints.time_ms)},
            {"trouble", audit.checkpoints.trouble}}},
          {"webhooks", webhooks}};
}

// Newest first.
Json to_json(const std::vector<Denial>& denials) {
  Json json = Json::array();
  for (auto denial = denials.rbegin(); denial != denials.rend(); ++denial)
    json.push_back(Json::parse(denial->json, nullptr, false));
  return json;
}

}  // namespace

std::string status_json(const GateStatus& status, const StatusForm& form) {
  Json json;
  json["version"] = kVersion;
  json["instance"] = status.instance;
  json["time"] = format_time(status.time);
  json["started"] = format_time(status.started);
  json["uptime_seconds"] = status.uptime_seconds;
  json["draining"] = status.draining;
  json["ready"] =
      std::all_of(status.parts.begin(), status.parts.end(), [](const PartState& part) { return part.ready; });
  json["parts"] = to_json(status.parts);
  json["policy"] = {{"file", status.policy_file},
                    {"sha256", status.policy_sha256},
                    {"rules", status.policy_rules},
                    {"since", format_time(status.policy_since)}};
  json["reload"] = to_json(status.reload);
  json["workers"] = status.workers;
  json["connections"] = status.connections;
  json["streams"] = form.streams;
  json["requests"] = {{"allow", status.requests.allow},
                      {"deny", status.requests.deny},
                      {"refuse", status.requests.refuse},
                      {"failed", status.requests.failed}};
  json["shadow"] = status.shadow;
  json["apis"] = Json::array();
  for (const ApiStatus& api : status.apis) json["apis"].push_back(to_json(api));
  if (status.limits != nullptr) json["rate_limit_store"] = to_json(*status.limits);
  json["audit"] = to_json(status.audit);
  if (form.latest_denials) json["latest_denials"] = to_json(status.denials);
  constexpr int kIndent = 2;
  std::string text = json.dump(form.one_line ? -1 : kIndent, ' ', false, Json::error_handler_t::replace);
  return form.one_line ? text : text + "\n";
}

}  // namespace sluice
