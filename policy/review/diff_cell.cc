#include "policy/review/diff_cell.h"

#include <algorithm>

#include "config/ascii.h"
#include "policy/review/diff_fingerprint.h"
#include "policy/review/diff_judge.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kMostCombinations = 200'000;
constexpr size_t kTriedOfTooMany = 20'000;

std::vector<std::string> fingerprints(const CompiledPolicy& policy) {
  std::vector<std::string> prints;
  for (const Rule& rule : policy.rules) prints.push_back(fingerprint(rule));
  return prints;
}

size_t length_of(const DiffExample& example) {
  size_t length = example.path.size() + example.request.query.size() + example.request.body.size();
  for (const auto& [name, value] : example.request.headers) length += name.size() + value.size();
  return length;
}

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

// Walks over every combination of the witnesses.
class Enumeration {
 public:
  Enumeration(const Config& config, const DiffPlace& place, size_t client,
              const std::vector<Dimension>& dimensions)
      : config_(config), place_(place), client_(client), dimensions_(dimensions), at_(dimensions.size()) {}

  // Stops after `most`.
  void run(DiffJudge& judge, size_t most) {
    if (std::any_of(dimensions_.begin(), dimensions_.end(),
                    [](const Dimension& dimension) { return dimension.witnesses.empty(); }))
      return;
    do {
      if (!build()) continue;
      judge.judge(example_.request);
      if (judge.refused() || !judge.fits(place_.slots) || !judge.differs()) continue;
      keep(judge);
    } while (--most > 0 && advance());
  }

  std::vector<DiffChange> changes() {
    std::vector<DiffChange> all;
    for (Found& found : found_) all.push_back(std::move(found.change));
    return all;
  }

 private:
  struct Found {
    DiffChange change;
    std::pair<size_t, size_t> cost;

    // Whether the rules of `other` are among these, before and after: then it tells as much in fewer words.
    bool is_told_by(const DiffChange& other) const {
      return change.direction == other.direction && change.before == other.before &&
             change.after == other.after && includes(change.rules_before, other.rules_before) &&
             includes(change.rules_after, other.rules_after);
    }
  };

  static bool includes(const std::vector<std::string>& all, const std::vector<std::string>& some) {
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
  }

  // Of changes by the same rules, the simplest; of changes by more rules, those that no fewer rules tell.
  void keep(const DiffJudge& judge) {
    Found fresh;
    judge.write(fresh.change);
    fresh.cost = {fields_, length_of(example_)};
    for (const Found& known : found_) {
      if (!fresh.is_told_by(known.change)) continue;
      if (!known.is_told_by(fresh.change) || known.cost <= fresh.cost) return;
    }
    const auto told = [&fresh](const Found& known) { return known.is_told_by(fresh.change); };
    found_.erase(std::remove_if(found_.begin(), found_.end(), told), found_.end());
    fresh.change.has_example = true;
    fresh.change.example = example_;
    found_.push_back(std::move(fresh));
  }

  bool advance() {
    for (size_t i = at_.size(); i-- > 0;) {
      if (++at_[i] < dimensions_[i].witnesses.size()) return true;
      at_[i] = 0;
    }
    return false;
  }

  // False when no request of this API can be so.
  bool build() {
    ReviewRequest& request = example_.request;
    request.client = client_;
    request.api = place_.api;
    request.query.clear();
    request.headers.clear();
    request.source = *parse_ip("127.0.0.1");
    request.at = any_instant();
    fields_ = 0;
    by_host_ = false;
    for (size_t i = 0; i < at_.size(); ++i) {
      const Dimension& dimension = dimensions_[i];
      const Witness& witness = dimension.witnesses[at_[i]];
      fields_ += witness.fields;
      if (!apply(dimension, witness)) return false;
    }
    const std::string& prefix = config_.apis[place_.api].name;
    example_.path = (by_host_ ? "" : "/" + prefix) + request.path;
    return true;
  }

  bool apply(const Dimension& dimension, const Witness& witness) {
    ReviewRequest& request = example_.request;
    switch (dimension.kind) {
      case Dimension::Kind::kMethod: request.method = witness.text; return true;
      case Dimension::Kind::kPath: request.path = witness.text; return true;
      case Dimension::Kind::kQuery:
        for (const std::string& value : witness.values) {
          request.query += (request.query.empty() ? "" : "&") + percent_encode(dimension.name) + "=" +
                           percent_encode(value);
        }
        return true;
      case Dimension::Kind::kHeader:
        for (const std::string& value : witness.values) request.headers.emplace_back(dimension.name, value);
        return dimension.name != "host" || route_by(witness.values);
      case Dimension::Kind::kSource:
        request.source = witness.source;
        example_.source_matters = true;
        return true;
      case Dimension::Kind::kTime:
        request.at = witness.at;
        example_.time_matters = true;
        return true;
      case Dimension::Kind::kBody:
        request.body = witness.text;
        for (const std::string& value : witness.values) request.headers.emplace_back("content-type", value);
        return true;
    }
    return true;
  }

  // A Host that means an API leads there, and then the path has no prefix.
  bool route_by(const std::vector<std::string>& hosts) {
    if (hosts.size() > 1) return false;
    for (size_t api = 0; api < config_.apis.size() && !hosts.empty(); ++api) {
      for (const std::string& known : config_.apis[api].hosts) {
        if (!equals_ignoring_case(known, hosts[0].substr(0, hosts[0].find(':')))) continue;
        by_host_ = true;
        return api == place_.api;
      }
    }
    return true;
  }

  const Config& config_;
  const DiffPlace& place_;
  const size_t client_;
  const std::vector<Dimension>& dimensions_;
  std::vector<size_t> at_;
  DiffExample example_;
  size_t fields_ = 0;
  bool by_host_ = false;
  std::vector<Found> found_;
};

}  // namespace

CellDiff::CellDiff(const Engine& before, const Engine& after, const Config& config)
    : before_(before),
      after_(after),
      config_(config),
      before_prints_(fingerprints(before.compiled())),
      after_prints_(fingerprints(after.compiled())),
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
  changes = enumeration.changes();
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
