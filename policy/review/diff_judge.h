// diff_judge: both policies' decisions on one request, by their engines. Owner: one diff; its thread.
#pragma once

#include <vector>

#include "policy/review/diff.h"

namespace sluice {

class DiffJudge {
 public:
  DiffJudge(const Engine& before, const Engine& after) : before_(before), after_(after) {}

  // Decides; then the answers below are about it, while `request` is unchanged.
  void judge(const ReviewRequest& request);

  bool refused() const { return target_.refused; }
  bool fits(const std::vector<size_t>& slots) const;
  bool differs() const { return allowed(old_) != allowed(new_); }
  // Requires: differs().
  Direction direction() const { return allowed(new_) ? Direction::kWidened : Direction::kNarrowed; }
  const Decision& before() const { return old_; }
  const Decision& after() const { return new_; }
  // Direction, outcomes, rules and tags.
  void write(DiffChange& change) const;

 private:
  static bool allowed(const Decision& decision) { return decision.outcome == Outcome::kAllow; }
  void decide(const Engine& engine, const RequestView& view, const std::string& body, Decision& out);

  const Engine& before_;
  const Engine& after_;
  std::vector<HeaderView> headers_;
  Target target_;
  Decision old_, new_;
};

}  // namespace sluice
