#include "policy/review/covering.h"

#include <algorithm>
#include <map>

namespace sluice {
namespace {

bool names(const std::vector<bool>& set, size_t index) { return set.empty() || set[index]; }

bool is_about(const Rule& rule, size_t client) {
  return names(rule.when.clients, client) && names(rule.when.groups, client);
}

// All that reach_of() asks about a client that the rule is about.
size_t kind_of(const Rule& rule, size_t client) {
  if (!rule.excluded) return 0;
  return (names(rule.excluded->clients, client) ? 1U : 0U) + (names(rule.excluded->groups, client) ? 2U : 0U);
}

bool asks_about_clients(const Conditions& conditions) {
  return !conditions.clients.empty() || !conditions.groups.empty();
}

bool asks_about_clients(const Rule& rule) {
  return asks_about_clients(rule.when) || (rule.excluded && asks_about_clients(*rule.excluded));
}

const Reach kOfOthers{Reach::Extent::kNone, Obstacle::kClient};

}  // namespace

ClientClasses::ClientClasses(const CompiledPolicy& policy) {
  classes_.resize(policy.vocabulary.clients.size());
  if (classes_.empty()) return;
  clients_.push_back(0);
  for (const Rule& rule : policy.rules) {
    if (asks_about_clients(rule)) split(rule);
  }
}

void ClientClasses::split(const Rule& rule) {
  constexpr size_t kOther = 4;
  const auto answer = [&rule](size_t client) {
    return is_about(rule, client) ? kind_of(rule, client) : kOther;
  };
  std::vector<size_t> answers;  // of each class so far
  answers.reserve(clients_.size());
  for (uint32_t client : clients_) answers.push_back(answer(client));
  std::map<std::pair<uint32_t, size_t>, uint32_t> parts;
  for (size_t client = 0; client < classes_.size(); ++client) {
    const uint32_t old = classes_[client];
    const size_t mine = answer(client);
    if (mine == answers[old]) continue;
    const auto [part, is_new] = parts.try_emplace({old, mine}, static_cast<uint32_t>(clients_.size()));
    if (is_new) clients_.push_back(static_cast<uint32_t>(client));
    classes_[client] = part->second;
  }
}

RuleReach::RuleReach(const Rule& rule, const ClientClasses& classes, const CompiledPolicy& policy)
    : rule_(rule) {
  std::array<std::optional<size_t>, 4> examples;  // a client of each kind
  size_t others = 0;
  for (size_t index = 0; index < classes.size(); ++index) {
    const size_t client = classes.client(index);
    if (!is_about(rule, client)) {
      ++others;
    } else if (auto& example = examples[kind_of(rule, client)]; !example) {
      example = client;
    }
    if (index == 0 && !asks_about_clients(rule)) break;
  }
  const auto kinds =
      std::count_if(examples.begin(), examples.end(), [](const auto& one) { return one.has_value(); });
  everyone_ = others == 0 && kinds == 1;
  if (others > 0) last_ = Obstacle::kClient;
  for (size_t slot = 0; kinds > 0 && slot < policy.vocabulary.slots.size(); ++slot) {
    OfSlot of_slot{static_cast<uint32_t>(slot), {}};
    bool speaks = false;
    for (size_t kind = 0; kind < examples.size(); ++kind) {
      if (!examples[kind]) continue;
      const Reach reach = of_slot.by_kind[kind] = reach_of(rule, slot, *examples[kind], policy);
      speaks = speaks || reach.speaks();
      matches_ = matches_ || !reach.none();
      last_ = std::max(last_, reach.obstacle);
    }
    if (speaks) slots_.push_back(of_slot);
  }
}

const Reach& RuleReach::of(const OfSlot& slot, size_t client) const {
  return is_about(rule_, client) ? slot.by_kind[kind_of(rule_, client)] : kOfOthers;
}

std::vector<uint32_t> RuleReach::classes(const ClientClasses& classes) const {
  std::vector<uint32_t> found;
  for (size_t index = 0; index < classes.size(); ++index) {
    if (is_about(rule_, classes.client(index))) found.push_back(static_cast<uint32_t>(index));
  }
  return found;
}

std::optional<Obstacle> RuleReach::obstacle() const {
  if (matches_) return std::nullopt;
  return last_;
}

Cover::Cover(size_t slots, const ClientClasses& classes)
    : classes_(classes), everyone_(slots, kNobody), some_(slots * classes.size(), kNobody) {}

void Cover::add(uint32_t rule, const RuleReach& reach) {
  std::vector<uint32_t> classes;
  if (!reach.speaks_to_everyone()) classes = reach.classes(classes_);
  for (const RuleReach::OfSlot& slot : reach.slots()) {
    if (everyone_[slot.slot] != kNobody) continue;
    if (reach.speaks_to_everyone()) {
      if (reach.of(slot, classes_.client(0)).all()) everyone_[slot.slot] = rule;
      continue;
    }
    for (uint32_t index : classes) {
      uint32_t& known = some_[slot.slot * classes_.size() + index];
      if (known == kNobody && reach.of(slot, classes_.client(index)).all()) known = rule;
    }
  }
}

uint32_t Cover::find(size_t slot, size_t index, uint32_t end) const {
  const uint32_t everyone = find_for_everyone(slot, end);
  if (everyone != kNobody) return everyone;
  const uint32_t some = some_[slot * classes_.size() + index];
  return some < end ? some : kNobody;
}

uint32_t Cover::find_for_everyone(size_t slot, uint32_t end) const {
  return everyone_[slot] < end ? everyone_[slot] : kNobody;
}

}  // namespace sluice
