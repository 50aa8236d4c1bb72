#include "policy/review/diff_judge.h"

#include <algorithm>

namespace sluice {

void DiffJudge::judge(const ReviewRequest& request) {
  const RequestView view = view_of(request, headers_);
  decide(before_, view, request.body, old_);
  decide(after_, view, request.body, new_);
}

void DiffJudge::decide(const Engine& engine, const RequestView& view, const std::string& body,
                       Decision& out) {
  engine.resolve(view, target_);
  engine.decide(target_, view, body, out);
}

bool DiffJudge::fits(const std::vector<size_t>& slots) const {
  return std::equal(slots.begin(), slots.end(), target_.fits.begin(), target_.fits.end(),
                    [](size_t slot, const Target::Fit& fit) { return slot == fit.slot; });
}

void DiffJudge::write(DiffChange& change) const {
  change.direction = direction();
  change.before = old_.outcome;
  change.after = new_.outcome;
  change.rules_before.assign(old_.rules.begin(), old_.rules.end());
  change.rules_after.assign(new_.rules.begin(), new_.rules.end());
  change.tags.assign(new_.tags.begin(), new_.tags.end());
}

}  // namespace sluice
