// SharedLimits: the store and the budgets of all APIs whose limits this process shares with other replicas,
// and what there is to say of them. Owner: the gate. Thread: the owner's, but for state().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/pacing/redis_store.h"
#include "proxy/pacing/shared_budget.h"

namespace sluice {

// For /readyz, /status and /metrics.
struct SharedLimitsState {
  struct PerApi {
    std::string name;
    SharedBudget::Standing standing;
    int64_t pool = 0;   // seats whose share is shared out, of
    int64_t seats = 0;  // 0: not known
  };
  bool up = false;     // the store answers
  bool ready = false;  // something can be sent to every API
  std::string detail;  // "ok", or what is wrong
  std::vector<PerApi> apis;
};

std::string_view to_text(SharedBudget::Standing standing);

class SharedLimits {
 public:
  // The error names what cannot be had.
  static Result<std::unique_ptr<SharedLimits>> make(const RateLimitStoreConfig& config);

  // The caller owns it; this has to end before it does. Before start().
  std::unique_ptr<Budget> make_budget(const std::string& api, RateLimit limit);
  void start() { store_->start(); }
  // Gives the seats back, within a tenth of a second; nobody waits for it but the destructor. Requires:
  // nothing is sent any more.
  void leave();

  SharedLimitsState state() const;
  // Of the connections to come. Any thread.
  void set_password(Secret password) { store_->set_password(std::move(password)); }
  // Null without TLS.
  TlsContext* tls() { return store_->tls(); }

 private:
  explicit SharedLimits(const RateLimitStoreConfig& config, std::unique_ptr<RedisStore> store);

  const int64_t replicas_;
  const std::string process_;
  std::vector<std::pair<std::string, SharedBudget*>> budgets_;
  std::unique_ptr<RedisStore> store_;
};

}  // namespace sluice
