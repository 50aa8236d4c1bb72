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
constexpr std::string_view kCutShort = "the comparison was cut short";
constexpr size_t kMostMatches = 100'000'000;  // of a rule and a request, in one cell

bool is_printable(const ReviewRequest& request) {
  return std::all_of(request.headers.begin(), request.headers.end(),
                     [](const auto& header) { return is_valid_utf8(header.second); });
}

size_t candidates_of(const Standing& standing) {
  size_t count = 0;
  for (const auto& candidates : standing.by_fit) count += candidates.size();
  return count;
}

DiffChange unknown_change(std::string client, std::string operation, std::string why) {
  DiffChange change;
  change.client = std::move(client);
  change.operation = std::move(operation);
  change.why = std::move(why);
  return change;
}

}  // namespace

CellDiff::CellDiff(const Engine& before, const Engine& after, const Config& config, uint64_t most_requests)
    : before_(before),
      after_(after),
      config_(config),
      before_prints_(fingerprints(before.compiled().rules)),
      after_prints_(fingerprints(after.compiled().rules)),
      witnesses_(before),
      left_(most_requests) {}

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
  enumerate(place, client, asked, candidates_of(before) + candidates_of(after), found);
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

void CellDiff::enumerate(const DiffPlace& place, size_t client, const Asked& asked, size_t rules,
                         std::vector<DiffChange>& changes) {
  const std::string& client_name = config_.clients[client].name;
  const std::string& operation = before_.compiled().vocabulary.slots[place.slots.front()].id;
  if (left_ == 0) {
    changes.push_back(unknown_change(client_name, operation, std::string(kCutShort)));
    return;
  }
  const std::vector<Dimension> dimensions = witnesses_.find(place, asked);
  std::string gap;
  size_t combinations = 1;
  for (const Dimension& dimension : dimensions) {
    if (!dimension.gap.empty()) gap = dimension.gap;
    combinations = std::min(combinations * dimension.witnesses.size(), 1000 * kMostCombinations);
  }
  const size_t most = std::min(kMostCombinations, kMostMatches / std::max<size_t>(rules, 1));
  if (combinations > most) gap = "it takes more than " + std::to_string(most) + " requests to try";
  size_t tried = combinations > most ? std::min(kTriedOfTooMany, most) : combinations;
  if (tried > left_) {
    tried = left_;
    gap = kCutShort;
  }
  spend(tried, rules);
  Enumeration enumeration(config_, place, client, dimensions);
  DiffJudge judge(before_, after_);
  enumeration.run(judge, tried);
  changes = enumeration.take();
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

void CellDiff::spend(uint64_t requests, size_t rules) {
  constexpr uint64_t kOfWitnesses = 500;  // finding them costs about as much as so many requests
  constexpr uint64_t kRulesOfOne = 50;
  const uint64_t cost = (requests + kOfWitnesses) * (1 + rules / kRulesOfOne);
  left_ = left_ == UINT64_MAX ? left_ : left_ - std::min(left_, cost);
}

// One of them is judged anew, not all: clients and changes may be many.
void CellDiff::repeat(const std::vector<DiffChange>& known, size_t client,
                      std::vector<DiffChange>& changes) const {
  const auto example =
      std::find_if(known.begin(), known.end(), [](const DiffChange& change) { return change.has_example; });
  bool alike = true;
  if (example != known.end()) {
    ReviewRequest request = example->example.request;
    request.client = client;
    DiffJudge judge(before_, after_);
    judge.judge(request);
    alike = judge.differs();
  }
  for (DiffChange change : known) {
    change.client = config_.clients[client].name;
    change.example.request.client = client;
    if (change.has_example && !alike) {
      change.direction = Direction::kUnknown;
      change.why = "it was taken to be like another client's";
    }
    changes.push_back(std::move(change));
  }
}

}  // namespace sluice
