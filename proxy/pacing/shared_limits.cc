#include "proxy/pacing/shared_limits.h"

#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr Millis kLeavePatience{100};

std::string random_name() {
  std::array<uint8_t, 12> bytes{};
  random_bytes(bytes.data(), bytes.size());
  return hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string say(const SharedLimitsState::PerApi& api, int64_t replicas) {
  const std::string all = std::to_string(api.seats > 0 ? api.seats : replicas);
  switch (api.standing) {
    case SharedBudget::Standing::kNeverReached:
      return "nothing is sent to " + api.name + " before it is reached";
    case SharedBudget::Standing::kNoSeat:
      return "nothing is sent to " + api.name + ": " + all +
             " other processes share its limit, as many as `replicas` says";
    case SharedBudget::Standing::kSilent: return api.name + " waits before it goes on alone";
    case SharedBudget::Standing::kAlone: return api.name + " goes on alone with 1/" + all + " of its limit";
    case SharedBudget::Standing::kSharing: return {};
  }
  return {};
}

}  // namespace

std::string_view to_text(SharedBudget::Standing standing) {
  switch (standing) {
    case SharedBudget::Standing::kNeverReached: return "never-reached";
    case SharedBudget::Standing::kNoSeat: return "no-seat";
    case SharedBudget::Standing::kSharing: return "sharing";
    case SharedBudget::Standing::kSilent: return "silent";
    case SharedBudget::Standing::kAlone: return "alone";
  }
  return "";
}

Result<std::unique_ptr<SharedLimits>> SharedLimits::make(const RateLimitStoreConfig& config) {
  auto store = RedisStore::make(config);
  if (!store) return store.error();
  return std::unique_ptr<SharedLimits>(new SharedLimits(config, std::move(*store)));
}

SharedLimits::SharedLimits(const RateLimitStoreConfig& config, std::unique_ptr<RedisStore> store)
    : replicas_(config.replicas), process_(random_name()), store_(std::move(store)) {}

std::unique_ptr<Budget> SharedLimits::make_budget(const std::string& api, RateLimit limit) {
  auto budget = std::make_unique<SharedBudget>(SharedBudgetOptions{limit, replicas_, process_, api}, *store_,
                                               monotonic_now());
  store_->add(*budget, api);
  budgets_.emplace_back(api, budget.get());
  return budget;
}

void SharedLimits::leave() {
  for (const auto& [name, budget] : budgets_) budget->leave();
  store_->stop(kLeavePatience);
}

SharedLimitsState SharedLimits::state() const {
  const Nanos now = monotonic_now();
  SharedLimitsState state;
  state.detail = store_->trouble();
  state.up = state.detail.empty();
  state.ready = true;
  for (const auto& [name, budget] : budgets_) {
    const auto [pool, seats] = budget->seats();
    state.apis.push_back({name, budget->standing(now), pool, seats});
    const SharedBudget::Standing standing = state.apis.back().standing;
    state.ready = state.ready && standing != SharedBudget::Standing::kNeverReached &&
                  standing != SharedBudget::Standing::kNoSeat;
    const std::string said = say(state.apis.back(), replicas_);
    if (!said.empty()) state.detail += (state.detail.empty() ? "" : "; ") + said;
  }
  if (state.detail.empty()) state.detail = "ok";
  return state;
}

}  // namespace sluice
