#include "policy/review/warnings.h"

#include <algorithm>
#include <array>

#include <re2/re2.h>

#include "config/ascii.h"
#include "policy/compiler.h"
#include "policy/review/pattern_review.h"
#include "policy/review/reach.h"

namespace sluice {
namespace {

constexpr std::string_view kCredentialRead = "credential-read";

constexpr std::array<WarningKind, 8> kKinds{{
    {"rule-never-matches", "A rule whose conditions no request can fulfil"},
    {"allow-always-denied", "An allow rule of which everything is denied by other rules"},
    {"allow-redundant", "An allow rule of which everything is allowed by other rules"},
    {"allow-reads-credentials",
     "An allow rule that reaches an operation which returns credentials, without naming it"},
    {"client-without-allow", "A client that no rule allows anything"},
    {"operations-without-rule", "Operations of which no rule speaks"},
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

class PolicyReview {
 public:
  PolicyReview(const CompiledPolicy& policy, const Config& config, Findings& findings)
      : policy_(policy), config_(config), findings_(findings) {
    for (const Rule& rule : policy.rules) {
      std::vector<Reach>& reaches = reaches_.emplace_back();
      for (size_t slot = 0; slot < slots(); ++slot) {
        for (size_t client = 0; client < clients(); ++client)
          reaches.push_back(reach_of(rule, slot, client, policy));
      }
    }
    silent_.resize(policy.rules.size());
  }

  void run() {
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) review_match(rule);
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) review_denied(rule);
    // From the last on, and never by a rule that is redundant itself: all that are reported can go together.
    for (size_t rule = policy_.rules.size(); rule-- > 0;) review_redundant(rule);
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) review_credentials(rule);
    for (size_t client = 0; client < clients(); ++client) review_client(client);
    for (size_t api = 0; api < policy_.apis.size(); ++api) review_operations(api);
    for (const Rule& rule : policy_.rules) review_patterns(rule);
  }

 private:
  size_t slots() const { return policy_.vocabulary.slots.size(); }
  size_t clients() const { return policy_.vocabulary.clients.size(); }
  const Reach& reach(size_t rule, size_t slot, size_t client) const {
    return reaches_[rule][slot * clients() + client];
  }
  bool is_enforced(size_t rule, Effect effect) const {
    return policy_.rules[rule].effect == effect && policy_.rules[rule].mode == Mode::kEnforce;
  }

  // The first enforced rule of that effect, but this one and those that count for nothing, that matches every
  // request of the operation by the client; nullptr if none does.
  const Rule* covering(Effect effect, size_t but, size_t slot, size_t client) const {
    for (size_t other = 0; other < policy_.rules.size(); ++other) {
      if (other != but && !silent_[other] && is_enforced(other, effect) && reach(other, slot, client).all())
        return &policy_.rules[other];
    }
    return nullptr;
  }

  // The rules that together cover all that the rule can match; empty if something is left.
  std::vector<std::string> covering_all(Effect effect, size_t rule) const {
    std::vector<std::string> ids;
    for (size_t slot = 0; slot < slots(); ++slot) {
      for (size_t client = 0; client < clients(); ++client) {
        if (reach(rule, slot, client).none()) continue;
        const Rule* other = covering(effect, rule, slot, client);
        if (other == nullptr) return {};
        if (std::find(ids.begin(), ids.end(), other->id) == ids.end()) ids.push_back(other->id);
      }
    }
    return ids;
  }

  void warn(const Position& at, std::string_view rule, const std::string& message) {
    findings_.warning(at, rule, message);
  }

  void review_match(size_t index) {
    Obstacle last = Obstacle::kNone;
    for (const Reach& one : reaches_[index]) {
      if (!one.none()) return;
      last = std::max(last, one.obstacle);
    }
    silent_[index] = true;
    const Rule& rule = policy_.rules[index];
    if (last != Obstacle::kNone)
      warn(rule.at, "rule-never-matches", rule.id + " never matches: " + obstacle_text(rule, last));
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
    const auto ids = covering_all(Effect::kDeny, index);
    if (ids.empty()) return;
    silent_[index] = true;
    const Rule& rule = policy_.rules[index];
    warn(rule.at, "allow-always-denied",
         rule.id + " allows nothing: all that it matches is denied by " + join(ids) +
             ", remove it or make an exception there with not");
  }

  void review_redundant(size_t index) {
    if (silent_[index] || !is_enforced(index, Effect::kAllow)) return;
    const auto ids = covering_all(Effect::kAllow, index);
    if (ids.empty()) return;
    silent_[index] = true;
    const Rule& rule = policy_.rules[index];
    warn(rule.at, "allow-redundant",
         rule.id + " changes nothing: all that it allows is allowed by " + join(ids) +
             ", remove it or narrow the other");
  }

  void review_credentials(size_t index) {
    const Rule& rule = policy_.rules[index];
    if (!is_enforced(index, Effect::kAllow)) return;
    const auto& tags = rule.when.tags;
    if (std::find(tags.begin(), tags.end(), kCredentialRead) != tags.end()) return;  // it is meant
    std::vector<std::string> reached;
    for (size_t slot = 0; slot < slots(); ++slot) {
      const Operation* operation = policy_.operation(slot);
      if (operation == nullptr || !operation->has_tag(kCredentialRead)) continue;
      if (names_literally(rule.when.words(Field::kOperation), operation->id)) continue;
      bool reaches = false;
      for (size_t client = 0; client < clients(); ++client)
        reaches =
            reaches || (!reach(index, slot, client).none() && !covering(Effect::kDeny, index, slot, client));
      if (reaches) reached.push_back(operation->id);
    }
    if (reached.empty()) return;
    warn(rule.at, "allow-reads-credentials",
         rule.id + " allows " + join(reached) +
             ", which returns credentials: add not: { tag: credential-read }, or " +
             "name the operation if it is meant");
  }

  void review_client(size_t client) {
    for (size_t rule = 0; rule < policy_.rules.size(); ++rule) {
      if (!is_enforced(rule, Effect::kAllow)) continue;
      for (size_t slot = 0; slot < slots(); ++slot) {
        if (!reach(rule, slot, client).none() && !covering(Effect::kDeny, rule, slot, client)) return;
      }
    }
    warn(config_.clients[client].at, "client-without-allow",
         "client " + config_.clients[client].name +
             ": no rule allows it anything, so that all its requests are denied; allow it something or "
             "remove it");
  }

  // It may well be meant: what no rule allows is denied. A shadow rule speaks too, and so does an exception.
  void review_operations(size_t api) {
    std::vector<std::string> silent;
    for (size_t slot = 0; slot < slots(); ++slot) {
      const Vocabulary::Slot& operation = policy_.vocabulary.slots[slot];
      if (operation.api != api || operation.unknown) continue;
      const bool spoken_of =
          std::any_of(reaches_.begin(), reaches_.end(), [this, slot](const std::vector<Reach>& rule) {
            const auto first = rule.begin() + static_cast<ptrdiff_t>(slot * clients());
            return std::any_of(first, first + static_cast<ptrdiff_t>(clients()),
                               [](const Reach& one) { return one.speaks(); });
          });
      if (!spoken_of) silent.push_back(operation.id);
    }
    if (silent.empty()) return;
    findings_.note(config_.apis[api].at, "operations-without-rule",
                   "api " + config_.apis[api].name + ": no rule speaks of " + join(silent) +
                       ", which is therefore denied to everyone; if that is meant, a deny rule says so");
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
  std::vector<std::vector<Reach>> reaches_;  // by rule; of each operation and client
  std::vector<bool> silent_;                 // by rule: reported as one that counts for nothing
};

}  // namespace

void add_policy_warnings(const Engine& engine, const Config& config, Findings& findings) {
  PolicyReview(engine.compiled(), config, findings).run();
}

std::span<const WarningKind> warning_kinds() { return kKinds; }

}  // namespace sluice
