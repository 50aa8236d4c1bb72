#include "policy/decision.h"

namespace sluice {

void Target::clear() noexcept {
  refused = false;
  refusal.status = 0;
  refusal.type = {};
  refusal.detail.clear();
  path.clear();
  query.clear();
  parameters.clear();
  fits.clear();
  operation_id = {};
  access = Access::kRead;
}

void Decision::clear() noexcept {
  outcome = Outcome::kDeny;
  refusal.status = 0;
  refusal.type = {};
  refusal.detail.clear();
  rules.clear();
  shadow_rules.clear();
  tags.clear();
  reason = {};
  targets.clear();
  body_has_credential = false;
}

}  // namespace sluice
