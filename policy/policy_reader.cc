#include "policy/policy_reader.h"

#include <algorithm>
#include <map>

#include "config/ascii.h"
#include "config/map_reader.h"
#include "config/text_check.h"
#include "config/yaml_reader.h"
#include "policy/conditions_reader.h"
#include "policy/constraint_reader.h"

namespace sluice {
namespace {

constexpr size_t kLongestId = 64;
constexpr size_t kLongestReason = 500;

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kLongestId &&
         std::all_of(id.begin(), id.end(), [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
}

// The place of a key of a map that has it.
Position key_position(const Value& map, std::string_view key) {
  for (const auto& [name, value] : map.entries) {
    if (name.text == key) return name.at;
  }
  return map.at;
}

class RuleReader {
 public:
  RuleReader(const Value& value, const Vocabulary& vocabulary, Zones& zones, Findings& findings)
      : value_(value),
        map_(value, "a rule", findings),
        vocabulary_(vocabulary),
        zones_(zones),
        findings_(findings) {}

  bool is_map() const { return map_.is_map(); }

  Rule read() {
    rule_.at = value_.at;
    read_id();
    const Value* effect = map_.required("effect");
    effect_is_known_ =
        effect != nullptr && (effect->text == "allow" || effect->text == "deny" || effect->text == "require");
    map_.choice<Effect>("effect",
                        {{"allow", Effect::kAllow}, {"deny", Effect::kDeny}, {"require", Effect::kRequire}},
                        rule_.effect);
    map_.choice<Mode>("mode", {{"enforce", Mode::kEnforce}, {"shadow", Mode::kShadow}}, rule_.mode);
    if (const Value* when = map_.required("when")) read_when(*when, vocabulary_, zones_, rule_, findings_);
    read_requirements();
    read_reason();
    map_.finish();
    check_parameters(rule_.when.values.params);
    check_parameters(rule_.required.params);
    if (rule_.excluded) check_parameters(rule_.excluded->values.params);
    return std::move(rule_);
  }

 private:
  void read_id() {
    const Value* id = map_.required("id");
    if (id == nullptr) return;
    const auto text = read_text(*id, "id", findings_);
    if (!text) return;
    rule_.id = *text;
    rule_.at = id->at;
    if (is_id(*text)) return;
    findings_.error(id->at, "bad-id", "id: \"" + *text + "\" is not made of 1 to 64 of a-z, 0-9 and -");
  }

  void read_reason() {
    const Value* value = map_.optional("reason");
    if (value == nullptr) return;
    const auto text = read_text(*value, "reason", findings_);
    if (!text) return;
    rule_.reason = *text;
    if (text->empty() || text->size() > kLongestReason) {
      findings_.error(value->at, "bad-reason", "reason: expected 1 to 500 octets of text");
    } else if (find_unreadable(*text) || text->find_first_of("\t\n\r") != std::string::npos) {
      findings_.error(value->at, "bad-reason",
                      "reason: it holds a control character or a line end, write one line of text");
    }
  }

  const Value* constraint_field(Field field) {
    const Value* value = map_.optional(to_text(field));
    if (value == nullptr || rule_.effect == Effect::kRequire || !effect_is_known_) return value;
    findings_.error(
        key_position(value_, to_text(field)), "misplaced-constraint",
        std::string(to_text(field)) + ": constraints stand in when, and beside it only in require");
    return nullptr;
  }

  void read_requirements() {
    if (const Value* value = constraint_field(Field::kParam))
      rule_.required.params = read_named_constraints(*value, Field::kParam, findings_);
    if (const Value* value = constraint_field(Field::kQuery))
      rule_.required.queries = read_named_constraints(*value, Field::kQuery, findings_);
    if (const Value* value = constraint_field(Field::kHeader))
      rule_.required.headers = read_named_constraints(*value, Field::kHeader, findings_);
    if (const Value* value = constraint_field(Field::kBody))
      rule_.required.body = read_body_constraints(*value, findings_);
    if (rule_.effect != Effect::kRequire) return;
    for (Field field : {Field::kParam, Field::kQuery, Field::kHeader, Field::kBody}) {
      if (value_.find(to_text(field)) != nullptr) return;
    }
    findings_.error(value_.at, "missing-key",
                    "a require rule requires something: give param, query, header or body beside when");
  }

  // A name that no operation and no path of this rule has would never match: a mistake, and in a deny a hole.
  void check_parameters(const std::vector<NamedConstraint>& constraints) {
    if (constraints.empty()) return;
    std::vector<std::string> known;
    const Conditions& when = rule_.when;
    for (size_t slot = 0; slot < vocabulary_.slots.size(); ++slot) {
      const Vocabulary::Slot& operation = vocabulary_.slots[slot];
      if (!when.operations.empty() && !when.operations[slot]) continue;
      if (!when.apis.empty() && !when.apis[operation.api]) continue;
      known.insert(known.end(), operation.parameters.begin(), operation.parameters.end());
    }
    add_template_parameters(when, known);
    if (rule_.excluded) add_template_parameters(*rule_.excluded, known);
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    for (const NamedConstraint& constraint : constraints) {
      if (findings_.is_full()) return;
      if (std::find(known.begin(), known.end(), constraint.name) != known.end()) continue;
      std::string hint = suggestion(constraint.name, known);
      if (hint.empty()) {
        for (const std::string& name : known) hint += (hint.empty() ? ", they have: " : ", ") + name;
      }
      findings_.error(
          constraint.at, "unknown-parameter",
          "param: no path that this rule is about has a parameter \"" + constraint.name + "\"" + hint);
    }
  }

  static void add_template_parameters(const Conditions& conditions, std::vector<std::string>& known) {
    for (const PathTemplate& path : conditions.paths) {
      for (const PathTemplate::Segment& segment : path.segments) {
        if (segment.parameter) known.push_back(segment.text);
      }
    }
  }

  const Value& value_;
  MapReader map_;
  const Vocabulary& vocabulary_;
  Zones& zones_;
  Findings& findings_;
  bool effect_is_known_ = false;
  Rule rule_;
};

std::vector<Rule> read_rules(const Value& list, const Vocabulary& vocabulary, Findings& findings) {
  std::vector<Rule> rules;
  std::map<std::string, int> lines;
  Zones zones;
  if (!list.is_list()) {
    findings.error(list.at, "wrong-type", "rules: expected a list, got " + std::string(kind_name(list.kind)));
    return rules;
  }
  for (const Value& item : list.items) {
    RuleReader reader(item, vocabulary, zones, findings);
    if (!reader.is_map()) continue;
    Rule rule = reader.read();
    const auto [earlier, is_new] = lines.emplace(rule.id, rule.at.line);
    if (!is_new && !rule.id.empty()) {
      findings.error(rule.at, "duplicate-rule",
                     "id: duplicate rule id \"" + rule.id + "\", first given in line " +
                         std::to_string(earlier->second));
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

std::optional<std::vector<Rule>> read_policy(std::string_view text, const std::string& file,
                                             const Vocabulary& vocabulary, Findings& findings) {
  Findings own;  // what stands in `findings` already is not of this file
  std::vector<Rule> rules;
  if (const auto document = read_yaml(text, file, own)) {
    MapReader map(*document, "the policy", own);
    if (map.required("version") != nullptr) {
      int64_t version = 0;
      map.integer("version", version, 1, 1);
    }
    if (const Value* list = map.required("rules")) rules = read_rules(*list, vocabulary, own);
    map.finish();
  }
  own.sort();
  findings.add(own);
  if (own.has_errors()) return std::nullopt;
  return rules;
}

}  // namespace sluice
