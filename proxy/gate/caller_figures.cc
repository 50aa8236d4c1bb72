#include "proxy/gate/caller_figures.h"

namespace sluice {

std::vector<MetricSample> caller_samples(const AuthFailureCounts& failures,
                                         const std::vector<KeySetState>& keys) {
  std::vector<MetricSample> samples;
  for (size_t i = 0; i < kAuthFailures; ++i) {
    const uint64_t count = failures.by_reason[i].load(std::memory_order_relaxed);
    samples.push_back({"sluice_authentication_failures_total",
                       "Requests that did not say who asks (401).",
                       MetricType::kCounter,
                       {{"reason", std::string(label_of(static_cast<AuthFailure>(i)))}},
                       static_cast<double>(count)});
  }
  for (const KeySetState& state : keys) {
    samples.push_back({"sluice_jwks_keys",
                       "Keys of an issuer that are in force.",
                       MetricType::kGauge,
                       {{"issuer", state.issuer}},
                       static_cast<double>(state.keys)});
    samples.push_back({"sluice_jwks_up",
                       "Whether an issuer's keys could be had at the last attempt.",
                       MetricType::kGauge,
                       {{"issuer", state.issuer}},
                       state.keys > 0 && state.trouble.empty() ? 1.0 : 0.0});
  }
  return samples;
}

std::vector<PartState> key_parts(const std::vector<KeySetState>& keys) {
  std::vector<PartState> parts;
  for (const KeySetState& state : keys) {
    std::string detail = state.keys > 0 ? "ok" : "not had yet";
    if (!state.trouble.empty()) detail = state.trouble;
    parts.push_back({"keys:" + state.issuer, true, std::move(detail)});
  }
  return parts;
}

}  // namespace sluice
