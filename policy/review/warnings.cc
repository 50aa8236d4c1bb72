#include "policy/review/warnings.h"

#include <algorithm>
#include <array>
#include <optional>

#include <re2/re2.h>

#include "config/ascii.h"
#include "policy/compiler.h"
#include "policy/review/covering.h"
#include "policy/review/name_review.h"
#include "policy/review/pattern_review.h"

namespace sluice {
namespace {

constexpr std::string_view kCredentialRead = "credential-read";

constexpr std::array<WarningKind, 9> kKinds{{
    {"rule-never-matches", "A rule whose conditions no request can fulfil"},
    {"allow-always-denied", "An allow rule of which everything is denied by other rules"},
    {"allow-redundant", "An allow rule of which everything is allowed by other rules"},
    {"allow-reads-credentials",
     "An allow rule that reaches an operation which returns credentials, without naming it"},
    {"client-without-allow", "A client that no rule allows anything"},
    {"operations-without-rule", "Operations of which no rule speaks"},
    {"unknown-name", "A name of a member, a parameter or a path that nothing of the rule's operations has"},
    {"pattern-matches-everything", "A pattern that asks nothing of a text"},
    {"pattern-not-anchored",
     "A pattern of which a part of the text suffices, though the whole was probably meant"},
}};

template <class Texts>
std::string join(const Texts& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + std::string(text);
  return all;
}

// "tag: x, access: read": those of the fields that the rule gives, in its words.
std::string words_of(const Rule& rule, std::initializer_list<Field> fields) {
  std::vector<std::string> said;
  for (Field field : fields) {
    if (!rule.when.words(field).empty())
      said.push_back(std::string(to_text(field)) + ": " + rule.when.words(field));
  }
  return join(said);
}

// Whether the words of `operation` hold the whole id, not only a pattern that it fits.
bool names_literally(const std::string& words, const std::string& id) {
  const auto is_id = [&words](size_t place) {
    return place < words.size() && (is_alphanumeric(words[place]) ||
                                    std::string_view("-_.*").find(words[place]) != std::string_view::npos);
  };
  for (size_t at = words.find(id); at != std::string::npos; at = words.find(id, at + 1)) {
    if ((at == 0 || !is_id(at - 1)) && !is_id(at + id.size())) return true;
  }
  return false;
}

// "a, b, c and 7 more".
std::string join_some(const std::vector<std::string>& names, size_t most) {
  if (names.size() <= most) return join(names);
  return join(std::span(names).first(most)) + " and " + std::to_string(names.size() - most) + " more";
}

class PolicyReview {
 public:
  PolicyReview(const CompiledPolicy& policy, const Config& config, Findings& findings)
      : policy_(policy), config_(config), findings_(findings), classes_(policy), denied_(slots(), classes_) {
    reaches_.reserve(policy.rules.size());
    for (const Rule& rule : policy.rules) reaches_.emplace_back(rule, classes_, policy);
    for (size_t rule = 0; rule < policy.rules.size(); ++rule) {
      if (is_enforced(rule, Effect::kDeny)) denied_.add(static_cast<uint32_t>(rule), reaches_[rule]);
    }
    silent_.resize(policy.rules.size());
  }

  void run() {
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) review_match(rule);
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) review_denied(rule);
    review_redundant();
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) review_credentials(rule);
    review_clients();
    for (size_t api = 0; api < policy_.apis.size(); ++api) review_operations(api);
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) review_rule_names(rule);
    for (const Rule& rule : policy_.rules) review_patterns(rule);
  }

 private:
  static constexpr size_t kMostRulesNamed = 5;
  static constexpr size_t kMostOperationsNamed = 8;

  size_t slots() const { return policy_.vocabulary.slots.size(); }
  bool is_enforced(size_t rule, Effect effect) const {
    return policy_.rules[rule].effect == effect && policy_.rules[rule].mode == Mode::kEnforce;
  }

  // Whether `holds(slot, class)` of all that the rule matches. `settled(slot)`: of every class at once.
  template <class Settled, class Holds>
  bool all_of_reach(size_t rule, const Settled& settled, const Holds& holds) const {
    const RuleReach& reach = reaches_[rule];
    std::optional<std::vector<uint32_t>> classes;
    for (const RuleReach::OfSlot& slot : reach.slots()) {
      if (settled(slot.slot)) continue;
      if (!classes) classes = reach.classes(classes_);
      for (uint32_t index : *classes) {
        if (!reach.of(slot, classes_.client(index)).none() && !holds(slot.slot, index)) return false;
      }
    }
    return true;
  }

  // The ids of the rules that together cover all that the rule can match; empty if something is left.
  // `find_for_everyone(slot)` and `find(slot, class)` name a rule that covers this much.
  template <class FindForEveryone, class Find>
  std::vector<std::string> covering_all(size_t rule, const FindForEveryone& find_for_everyone,
                                        const Find& find) const {
    std::vector<uint32_t> rules;
    const auto add = [&rules](uint32_t found) {
      if (found != Cover::kNobody && (rules.empty() || rules.back() != found)) rules.push_back(found);
      return found != Cover::kNobody;
    };
    const bool all = all_of_reach(
        rule, [&](size_t slot) { return add(find_for_everyone(slot)); },
        [&](size_t slot, size_t index) { return add(find(slot, index)); });
    if (!all) return {};
    std::sort(rules.begin(), rules.end());
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
    std::vector<std::string> ids;
    ids.reserve(rules.size());
    for (uint32_t one : rules) ids.push_back(policy_.rules[one].id);
    return ids;
  }

  // Whether something of what the rule matches of the operation is not denied anyway, for some client.
  bool reaches_undenied(size_t rule, const RuleReach::OfSlot& slot) const {
    if (denied_.find_for_everyone(slot.slot) != Cover::kNobody) return false;
    const std::vector<uint32_t> classes = reaches_[rule].classes(classes_);
    return std::any_of(classes.begin(), classes.end(),
                       [this, rule, &slot](uint32_t index) { return reaches_undenied(rule, slot, index); });
  }
  bool reaches_undenied(size_t rule, const RuleReach::OfSlot& slot, size_t index) const {
    return !reaches_[rule].of(slot, classes_.client(index)).none() &&
           denied_.find(slot.slot, index) == Cover::kNobody;
  }

  void warn(const Position& at, std::string_view rule, const std::string& message) {
    findings_.warning(at, rule, message);
  }

  void review_match(size_t index) {
    const std::optional<Obstacle> obstacle = reaches_[index].obstacle();
    if (!obstacle) return;
    silent_[index] = true;
    const Rule& rule = policy_.rules[index];
    if (*obstacle != Obstacle::kNone)
      warn(rule.at, "rule-never-matches", rule.id + " never matches: " + obstacle_text(rule, *obstacle));
  }

  std::string obstacle_text(const Rule& rule, Obstacle obstacle) const {
    switch (obstacle) {
      case Obstacle::kClient:
        return "no client fits " + words_of(rule, {Field::kClient, Field::kGroup}) +
               ", name one of the two or change the client's groups";
      case Obstacle::kOperation:
        return "no operation fits " +
               words_of(rule, {Field::kApi, Field::kOperation, Field::kAccess, Field::kTag, Field::kMethod}) +
               ", take out what contradicts (sluice catalogue lists access, tags and methods)";
      case Obstacle::kPath:
        return "path: " + rule.when.words(Field::kPath) +
               " fits no operation that the rule is about, correct it or name API.unknown for other calls";
      case Obstacle::kParam:
        return "no operation that the rule is about has the parameters of param: " +
               rule.when.words(Field::kParam) + ", make a rule for each";
      case Obstacle::kValue: {
        const std::string plain = impossible_constraint(rule, false);
        return "no value can satisfy " + (plain.empty() ? impossible_constraint(rule, true) : plain) +
               ", take out what contradicts";
      }
      case Obstacle::kNot:
        return "not: " + rule.when.words(Field::kNot) + " excludes all that when matches, narrow it";
      case Obstacle::kNone: break;
    }
    return "";
  }

  void review_denied(size_t index) {
    if (silent_[index] || !is_enforced(index, Effect::kAllow)) return;
    const auto ids = covering_all(
        index, [this](size_t slot) { return denied_.find_for_everyone(slot); },
        [this](size_t slot, size_t one) { return denied_.find(slot, one); });
    if (ids.empty()) return;
    silent_[index] = true;
    const Rule& rule = policy_.rules[index];
    warn(rule.at, "allow-always-denied",
         rule.id + " allows nothing: all that it matches is denied by " + join_some(ids, kMostRulesNamed) +
             ", remove it or make an exception there with not");
  }

  // From the last on, and never by a rule that is redundant itself: all that are reported can go together.
  void review_redundant() {
    Cover before(slots(), classes_), behind(slots(), classes_);
    const auto counts = [this](size_t rule) { return !silent_[rule] && is_enforced(rule, Effect::kAllow); };
    for (uint32_t rule = 0; rule < policy_.rules.size(); ++rule) {
      if (counts(rule)) before.add(rule, reaches_[rule]);
    }
    for (auto index = static_cast<uint32_t>(policy_.rules.size()); index-- > 0;) {
      if (!counts(index)) continue;
      const auto ids = covering_all(
          index,
          [&](size_t slot) {
            const uint32_t found = before.find_for_everyone(slot, index);
            return found != Cover::kNobody ? found : behind.find_for_everyone(slot);
          },
          [&](size_t slot, size_t one) {
            const uint32_t found = before.find(slot, one, index);
            return found != Cover::kNobody ? found : behind.find(slot, one);
          });
      if (ids.empty()) {
        behind.add(index, reaches_[index]);
        continue;
      }
      silent_[index] = true;
      const Rule& rule = policy_.rules[index];
      warn(rule.at, "allow-redundant",
           rule.id + " changes nothing: all that it allows is allowed by " + join_some(ids, kMostRulesNamed) +
               ", remove it or narrow the other");
    }
  }

  void review_credentials(size_t index) {
    const Rule& rule = policy_.rules[index];
    if (!is_enforced(index, Effect::kAllow)) return;
    const auto& tags = rule.when.tags;
    if (std::find(tags.begin(), tags.end(), kCredentialRead) != tags.end()) return;  // it is meant
    std::vector<std::string> reached;
    for (const RuleReach::OfSlot& slot : reaches_[index].slots()) {
      const Operation* operation = policy_.operation(slot.slot);
      if (operation == nullptr || !operation->has_tag(kCredentialRead)) continue;
      if (names_literally(rule.when.words(Field::kOperation), operation->id)) continue;
      if (reaches_undenied(index, slot)) reached.push_back(operation->id);
    }
    if (reached.empty()) return;
    warn(rule.at, "allow-reads-credentials",
         rule.id + " allows " + join(reached) +
             ", which returns credentials: add not: { tag: credential-read }, or " +
             "name the operation if it is meant");
  }

  void review_clients() {
    std::vector<bool> allowed(classes_.size());
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) {
      if (!is_enforced(rule, Effect::kAllow)) continue;
      for (uint32_t index : reaches_[rule].classes(classes_)) {
        const auto& reached = reaches_[rule].slots();
        allowed[index] = allowed[index] || std::any_of(reached.begin(), reached.end(), [&](const auto& slot) {
                           return reaches_undenied(rule, slot, index);
                         });
      }
    }
    for (size_t client = 0; client < config_.clients.size(); ++client) {
      if (allowed[classes_.class_of(client)]) continue;
      warn(config_.clients[client].at, "client-without-allow",
           "client " + config_.clients[client].name +
               ": no rule allows it anything, so that all its requests are denied; allow it something or "
               "remove it");
    }
  }

  // It may well be meant: what no rule allows is denied. A shadow rule speaks too, and so does an exception.
  void review_operations(size_t api) {
    std::vector<bool> spoken_of(slots());
    for (const RuleReach& reach : reaches_) {
      for (const RuleReach::OfSlot& slot : reach.slots()) spoken_of[slot.slot] = true;
    }
    std::vector<std::string> silent;
    for (size_t slot = 0; slot < slots(); ++slot) {
      const Vocabulary::Slot& operation = policy_.vocabulary.slots[slot];
      if (operation.api == api && !operation.unknown && !spoken_of[slot]) silent.push_back(operation.id);
    }
    if (silent.empty()) return;
    findings_.note(config_.apis[api].at, "operations-without-rule",
                   "api " + config_.apis[api].name + ": no rule speaks of " +
                       join_some(silent, kMostOperationsNamed) +
                       ", which is therefore denied to everyone; if that is meant, a deny rule says so");
  }

  void review_rule_names(size_t index) {
    const Rule& rule = policy_.rules[index];
    const bool names = !rule.when.values.empty() || !rule.required.empty() || !rule.when.paths.empty() ||
                       (rule.excluded && (!rule.excluded->values.empty() || !rule.excluded->paths.empty()));
    if (!names) return;
    std::vector<uint32_t> reached;
    for (const RuleReach::OfSlot& slot : reaches_[index].slots()) reached.push_back(slot.slot);
    review_names(rule, reached, policy_, findings_);
  }

  void review_patterns(const Rule& rule) {
    std::vector<const Constraint*> constraints;
    for (const ConstraintSet* set : {&rule.when.values, &rule.required}) add_constraints(*set, constraints);
    if (rule.excluded) add_constraints(rule.excluded->values, constraints);
    for (const Constraint* constraint : constraints) {
      if (constraint->pattern) review_pattern(rule, constraint->pattern->pattern(), constraint->pattern_at);
    }
  }

  void review_pattern(const Rule& rule, const std::string& pattern, const Position& at) {
    std::string said = "pattern \"" + pattern + "\" of " + rule.id;
    const std::string_view texts = matches_everything(pattern);
    const std::string why = missing_anchor(pattern);
    if (!texts.empty()) {
      said.append(" matches ").append(texts).append(": write present: true if any value will do");
      warn(at, "pattern-matches-everything", said);
    } else if (!why.empty()) {
      said.append(": ").append(why).append("; write ^(?:...)$ around it if the whole text is meant");
      warn(at, "pattern-not-anchored", said);
    }
  }

  static void add_constraints(const ConstraintSet& set, std::vector<const Constraint*>& out) {
    for (const auto* named : {&set.params, &set.queries, &set.headers}) {
      for (const NamedConstraint& one : *named) out.push_back(&one.constraint);
    }
    for (const BodyConstraint& one : set.body) out.push_back(&one.constraint);
  }

  const CompiledPolicy& policy_;
  const Config& config_;
  Findings& findings_;
  const ClientClasses classes_;
  Cover denied_;                    // by enforced denies without a condition
  std::vector<RuleReach> reaches_;  // by rule
  std::vector<bool> silent_;        // by rule: reported as one that counts for nothing
};

}  // namespace

void add_policy_warnings(const Engine& engine, const Config& config, Findings& findings) {
  PolicyReview(engine.compiled(), config, findings).run();
}

std::span<const WarningKind> warning_kinds() { return kKinds; }

}  // namespace sluice
