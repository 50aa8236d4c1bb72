#include "policy/review/diff_cell.h"

#include <algorithm>

#include "policy/review/diff_enumerate.h"
#include "policy/review/diff_fingerprint.h"
#include "policy/review/diff_judge.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kMostCombinations = 200'000;
constexpr size_t kTriedOfTooMany = 20'000;

bool is_printable(const ReviewRequest& request) {
  return std::all_of(request.headers.begin(), request.headers.end(),
                     [](const auto& header) { return is_valid_utf8(header.second); });
}

DiffChange unknown_change(std::string client, std::string operation, std::string why) {
  DiffChange change;
  change.client = std::move(client);
  change.operation = std::move(operation);
  change.why = std::move(why);
  return change;
}

}  // namespace

CellDiff::CellDiff(const Engine& before, const Engine& after, const Config& config)
    : before_(before),
      after_(after),
      config_(config),
      before_prints_(fingerprints(before.compiled().rules)),
      after_prints_(fingerprints(after.compiled().rules)),
      witnesses_(before) {}

void CellDiff::run(const DiffPlace& place, size_t client, std::vector<DiffChange>& changes) {
  const CompiledPolicy& old_policy = before_.compiled();
  const CompiledPolicy& new_policy = after_.compiled();
  const Standing before = standing_of(old_policy, place, client);
  const Standing after = standing_of(new_policy, place, client);
  if (before.never_allows && after.never_allows) return;
  if (before.reads_body == after.reads_body) {
    if (before.always_allows && after.always_allows) return;
    if (same(before, after)) return;
  }
  if (known_slots_ != place.slots) known_.clear();
  known_slots_ = place.slots;
  const std::string key = key_of(client, before, after);
  if (const auto known = known_.find(key); known != known_.end())
    return repeat(known->second, client, changes);
  Asked asked;
  const bool fold = old_policy.apis[place.api].fold;
  asked.add(old_policy, before, fold);
  asked.add(new_policy, after, fold);
  asked.add_schemas(old_policy, place);
  asked.unreadable_bodies = before.reads_body != after.reads_body;
  std::vector<DiffChange> found;
  enumerate(place, client, asked, found);
  changes.insert(changes.end(), found.begin(), found.end());
  known_.emplace(key, std::move(found));
}

bool CellDiff::same(const Standing& before, const Standing& after) const {
  const auto prints = [](const std::vector<const Candidate*>& candidates,
                         const std::vector<std::string>& by_rule) {
    std::vector<std::string> all;
    all.reserve(candidates.size());
    for (const Candidate* candidate : candidates) all.push_back(by_rule[candidate->rule]);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  };
  for (size_t fit = 0; fit < before.by_fit.size(); ++fit) {
    if (prints(before.by_fit[fit], before_prints_) != prints(after.by_fit[fit], after_prints_)) return false;
  }
  return true;
}

std::string CellDiff::key_of(size_t client, const Standing& before, const Standing& after) const {
  std::string key;
  const auto add = [&key, client](const CompiledPolicy& policy, const Standing& standing) {
    key += standing.reads_body ? "b" : "-";
    for (const auto& candidates : standing.by_fit) {
      key += '/';
      for (const Candidate* candidate : candidates) {
        key += std::to_string(candidate->rule);
        const auto& excluded = policy.rules[candidate->rule].excluded;
        if (excluded && !excluded->clients.empty()) key += excluded->clients[client] ? "c" : "-";
        if (excluded && !excluded->groups.empty()) key += excluded->groups[client] ? "g" : "-";
        key += ' ';
      }
    }
  };
  add(before_.compiled(), before);
  add(after_.compiled(), after);
  return key;
}

void CellDiff::enumerate(const DiffPlace& place, size_t client, const Asked& asked,
                         std::vector<DiffChange>& changes) {
  const std::vector<Dimension> dimensions = witnesses_.find(place, asked);
  std::string gap;
  size_t combinations = 1;
  for (const Dimension& dimension : dimensions) {
    if (!dimension.gap.empty()) gap = dimension.gap;
    combinations = std::min(combinations * dimension.witnesses.size(), 1000 * kMostCombinations);
  }
  if (combinations > kMostCombinations)
    gap = "it takes more than " + std::to_string(kMostCombinations) + " requests to try";
  Enumeration enumeration(config_, place, client, dimensions);
  DiffJudge judge(before_, after_);
  enumeration.run(judge, combinations > kMostCombinations ? kTriedOfTooMany : kMostCombinations);
  changes = enumeration.take();
  const std::string& client_name = config_.clients[client].name;
  const std::string& operation = before_.compiled().vocabulary.slots[place.slots.front()].id;
  for (DiffChange& change : changes) {
    change.client = client_name;
    change.operation = operation;
    if (is_printable(change.example.request)) continue;
    change.direction = Direction::kUnknown;
    change.why = "only a header value that is not UTF-8 shows it";
    change.has_example = false;
  }
  if (!gap.empty()) changes.push_back(unknown_change(client_name, operation, gap));
}

void CellDiff::repeat(const std::vector<DiffChange>& known, size_t client,
                      std::vector<DiffChange>& changes) const {
  DiffJudge judge(before_, after_);
  for (DiffChange change : known) {
    change.client = config_.clients[client].name;
    if (change.has_example) {
      change.example.request.client = client;
      judge.judge(change.example.request);
      if (!judge.differs()) {  // then the cells were not alike after all
        change.direction = Direction::kUnknown;
        change.why = "it was taken to be like another client's";
      }
    }
    changes.push_back(std::move(change));
  }
}

}  // namespace sluice
