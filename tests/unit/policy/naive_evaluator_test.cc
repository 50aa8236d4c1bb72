// Compares the engine with a second evaluator, as naive as can be: no index, no compiled forms, written from
// the contract's sentences; and sees that no warning of `check` is a false alarm. Random policies and
// requests; the seed is printed with a failure.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <regex>
#include <set>

#include "policy/review/explain.h"
#include "policy/review/warnings.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

struct Check {
  std::string where, name, keyword, value;  // value: as YAML
};

struct Spec {
  std::map<std::string, std::vector<std::string>> fields;  // client, group, operation, access, tag, method
  std::vector<Check> checks;
};

struct RuleSpec {
  std::string id, effect;
  bool shadow = false;
  Spec when;
  std::optional<Spec> excluded;
  std::vector<Check> required;
};

struct Operation {
  std::string id, access;
  std::set<std::string> tags;
  std::map<std::string, std::string> params;
};

struct Sample {
  std::string client, method, path;
  std::vector<Operation> operations;
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<Json> body;
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  size_t below(size_t count) { return engine_() % count; }
  bool chance(size_t percent) { return below(100) < percent; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  std::mt19937 engine_;
};

// --- making

Check random_check(Random& random) {
  static const std::vector<Check> kChecks{
      {"query", "limit", "maximum", "10"},
      {"query", "limit", "const", "5"},
      {"query", "limit", "present", "false"},
      {"query", "q", "pattern", "\"^a\""},
      {"query", "q", "present", "true"},
      {"query", "q", "enum", "[a, ab]"},
      {"body", "/a", "const", "1"},
      {"body", "/a", "maximum", "3"},
      {"body", "/a", "present", "true"},
      {"body", "/a", "present", "false"},
      {"body", "/list", "maxItems", "1"},
      {"body", "/list/*", "pattern", "\"^a\""},
      {"body", "/list/*", "maximum", "3"},
      {"body", "/list/*/x", "const", "a"},
      {"body", "/list/*/x", "present", "true"},
      {"body", "/list/*/x", "present", "false"},
      {"body", "/a", "type", "string"},
      {"body", "", "type", "array"},
      {"body", "/list", "uniqueItems", "true"},
      {"param", "id", "const", "a1"},
      {"param", "userId", "pattern", "\"^user\""},
      {"param", "username", "enum", "[groups]"},
      {"query", "limit", "minLength", "2"},
      {"body", "/a", "minLength", "2"},
  };
  return random.of(kChecks);
}

std::vector<Check> random_checks(Random& random, size_t most) {
  std::vector<Check> checks;
  for (size_t i = random.below(most + 1); i > 0; --i) {
    const Check check = random_check(random);
    const bool taken = std::any_of(checks.begin(), checks.end(), [&check](const Check& other) {
      return other.where == check.where && other.name == check.name;
    });
    if (!taken) checks.push_back(check);
  }
  return checks;
}

Spec random_spec(Random& random) {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> kFields{
      {"client", {"soar", "siem", "admin", "runner"}},
      {"group", {"automation", "batch"}},
      {"operation",
       {"push.employees.list", "push.apps.update", "push.unknown", "securenvoy.users.groups",
        "securenvoy.users.get-by-username", "securenvoy.users.update", "\"*.*\"", "\"push.*\""}},
      {"access", {"read", "write"}},
      {"tag", {"pii", "credential-write", "membership"}},
      {"method", {"GET", "POST", "PUT", "PATCH"}},
  };
  Spec spec;
  for (const auto& [name, values] : kFields) {
    if (!random.chance(25)) continue;
    for (size_t i = 1 + random.below(2); i > 0; --i) spec.fields[name].push_back(random.of(values));
  }
  spec.checks = random_checks(random, 2);
  return spec;
}

// A parameter that none of the rule's operations has is an error of the file, so rules with one name no
// operation.
bool has_param(const std::vector<Check>& checks) {
  return std::any_of(checks.begin(), checks.end(), [](const Check& check) { return check.where == "param"; });
}

RuleSpec random_rule(Random& random, size_t index) {
  RuleSpec rule;
  rule.id = "rule-" + std::to_string(index);
  rule.effect = random.of<std::string>({"allow", "allow", "deny", "require"});
  rule.shadow = random.chance(15);
  rule.when = random_spec(random);
  if (random.chance(30)) rule.excluded = random_spec(random);
  if (rule.excluded && rule.excluded->fields.empty() && rule.excluded->checks.empty()) rule.excluded.reset();
  if (rule.effect == "require") {
    rule.required = random_checks(random, 3);
    if (rule.required.empty()) rule.required.push_back({"query", "q", "present", "true"});
  }
  if (has_param(rule.when.checks) || has_param(rule.required) ||
      (rule.excluded && has_param(rule.excluded->checks))) {
    rule.when.fields.erase("operation");
  }
  return rule;
}

std::string yaml_of(const std::vector<Check>& checks) {
  std::map<std::string, std::string> by_where;
  for (const Check& check : checks) {
    std::string& text = by_where[check.where];
    text += (text.empty() ? "" : ", ") +
            ("\"" + check.name + "\": { " + check.keyword + ": " + check.value + " }");
  }
  std::string text;
  for (const auto& [where, members] : by_where)
    text += (text.empty() ? "" : ", ") + where + ": { " + members + " }";
  return text;
}

std::string yaml_of(const Spec& spec) {
  std::string text = yaml_of(spec.checks);
  for (const auto& [name, values] : spec.fields) {
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "" : ", ") + value;
    text += (text.empty() ? "" : ", ") + name + ": [ " + list + " ]";
  }
  return text;
}

std::string yaml_of(const RuleSpec& rule) {
  std::string when = yaml_of(rule.when);
  if (rule.excluded) when += (when.empty() ? "" : ", ") + ("not: { " + yaml_of(*rule.excluded) + " }");
  std::string text = "  - { id: " + rule.id + ", effect: " + rule.effect + ", when: { " + when + " }";
  if (rule.shadow) text += ", mode: shadow";
  if (!rule.required.empty()) text += ", " + yaml_of(rule.required);
  return text + " }\n";
}

Json random_value(Random& random) {
  static const std::vector<Json> kValues{1,   2.5,     4,    "a",           "ab",
                                         "b", nullptr, true, Json::array(), Json::object()};
  return random.of(kValues);
}

Json random_body(Random& random) {
  if (random.chance(10)) return Json::array({1});
  Json body = Json::object();
  if (random.chance(60)) body["a"] = random_value(random);
  if (random.chance(70)) {
    Json list = Json::array();
    for (size_t i = random.below(4); i > 0; --i) {
      list.push_back(random.chance(40) ? Json{{"x", random_value(random)}} : random_value(random));
    }
    body["list"] = random.chance(85) ? list : random_value(random);
  }
  return body;
}

Sample random_sample(Random& random) {
  const std::string users = "/securenvoy/api/user/restapi/users/";
  const std::vector<Sample> kSamples{
      {"", "GET", "/push/v1/employees", {{"push.employees.list", "read", {"pii"}, {}}}, {}, {}},
      {"", "PATCH", "/push/v1/apps/a1", {{"push.apps.update", "write", {}, {{"id", "a1"}}}}, {}, {}},
      {"", "POST", "/push/v1/x", {{"push.unknown", "write", {}, {}}}, {}, {}},
      {"", "GET", "/push/v1/x", {{"push.unknown", "read", {}, {}}}, {}, {}},
      {"", "PUT", users + "u1", {{"securenvoy.users.update", "write", {}, {{"userId", "u1"}}}}, {}, {}},
      {"",
       "GET",
       users + "username/groups",
       {{"securenvoy.users.groups", "read", {}, {{"userId", "username"}}},
        {"securenvoy.users.get-by-username", "read", {"pii"}, {{"username", "groups"}}}},
       {},
       {}},
  };
  Sample sample = random.of(kSamples);
  sample.client = random.of<std::string>({"soar", "siem", "admin", "runner"});
  for (size_t i = random.below(4); i > 0; --i) {
    if (random.chance(60)) {
      sample.query.emplace_back("limit", random.of<std::string>({"5", "10", "11", "x", "5.0", ""}));
    } else {
      sample.query.emplace_back("q", random.of<std::string>({"a", "ab", "b"}));
    }
  }
  if (random.chance(70)) sample.body = random_body(random);
  const bool has_schema = sample.method == "PATCH" || sample.method == "PUT";
  if (has_schema && sample.body && !sample.body->is_object()) sample.body.reset();
  if (sample.method == "PUT" && sample.body && random.chance(50)) {
    (*sample.body)["password"] = "p";
    sample.operations[0].tags.insert("credential-write");
  }
  return sample;
}

// --- judging

enum class Is { kNo, kUnsure, kYes };
Is is(bool yes) { return yes ? Is::kYes : Is::kNo; }

std::optional<double> number_in(const Json& value, bool is_text) {
  if (!is_text) return value.is_number() ? std::optional<double>(value.get<double>()) : std::nullopt;
  static const std::regex kNumber("-?(0|[1-9][0-9]*)(\\.[0-9]+)?");
  const auto text = value.get<std::string>();
  return std::regex_match(text, kNumber) ? std::optional<double>(std::stod(text)) : std::nullopt;
}

// `is_text`: of a query or a path.
Is judge(const Check& check, const Json& value, bool is_text) {
  if (check.keyword == "present") return is(check.value == "true");
  if (check.keyword == "maximum") {
    const auto number = number_in(value, is_text);
    return number ? is(*number <= std::stod(check.value)) : Is::kUnsure;
  }
  if (check.keyword == "pattern") {
    const std::string prefix = check.value.substr(2, check.value.size() - 3);
    return value.is_string() ? is(value.get<std::string>().rfind(prefix, 0) == 0) : Is::kUnsure;
  }
  if (check.keyword == "minLength") {
    return value.is_string() ? is(value.get<std::string>().size() >= std::stoul(check.value)) : Is::kUnsure;
  }
  if (check.keyword == "maxItems")
    return value.is_array() ? is(value.size() <= std::stoul(check.value)) : Is::kUnsure;
  if (check.keyword == "uniqueItems") {
    if (!value.is_array()) return Is::kUnsure;
    for (size_t i = 0; i < value.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        if (value[i] == value[k]) return Is::kNo;
      }
    }
    return Is::kYes;
  }
  if (check.keyword == "type") return is(check.value == "array" ? value.is_array() : value.is_string());
  if (check.keyword == "enum") {
    const bool in =
        value.is_string() && (check.value == "[groups]" ? value == "groups" : value == "a" || value == "ab");
    return is(in);
  }
  // const: a number, or a text
  if (check.value.find_first_not_of("0123456789") != std::string::npos) return is(value == check.value);
  if (!is_text) return is(value.is_number() && value.get<double>() == std::stod(check.value));
  if (value == check.value) return Is::kYes;
  const auto number = number_in(value, true);
  return number && *number == std::stod(check.value) ? Is::kUnsure : Is::kNo;
}

struct Found {
  enum { kValue, kAbsent, kNoArray } what;
  Json value;
};

void walk(const Json& value, const std::string& pointer, std::vector<Found>& found) {
  if (pointer.empty()) {
    found.push_back({Found::kValue, value});
    return;
  }
  const size_t end = std::min(pointer.find('/', 1), pointer.size());
  const std::string segment = pointer.substr(1, end - 1), rest = pointer.substr(end);
  if (segment == "*") {
    if (!value.is_array()) found.push_back({Found::kNoArray, {}});
    if (value.is_array() && value.empty()) found.push_back({Found::kAbsent, {}});
    if (value.is_array()) {
      for (const Json& item : value) walk(item, rest, found);
    }
  } else if (value.is_object() && value.contains(segment)) {
    walk(value[segment], rest, found);
  } else {
    found.push_back({Found::kAbsent, {}});
  }
}

enum class Purpose { kPermit, kRestrict, kDemand };

bool holds(const Check& check, const Sample& sample, const Operation& operation, Purpose purpose) {
  std::vector<Found> found;
  if (check.where == "query") {
    for (const auto& [name, value] : sample.query) {
      if (name == check.name) found.push_back({Found::kValue, value});
    }
  } else if (check.where == "param") {
    if (operation.params.count(check.name) > 0)
      found.push_back({Found::kValue, operation.params.at(check.name)});
  } else if (sample.body) {
    walk(*sample.body, check.name, found);
  }
  if (found.empty()) found.push_back({Found::kAbsent, {}});
  bool any = false, every = true;
  for (const Found& one : found) {
    Is answer = Is::kUnsure;
    if (one.what == Found::kValue) answer = judge(check, one.value, check.where != "body");
    if (one.what == Found::kAbsent) {
      const bool present_true = check.keyword == "present" && check.value == "true";
      const bool present_false = check.keyword == "present" && check.value == "false";
      answer = is(purpose == Purpose::kDemand ? !present_true : present_false);
    }
    any = any || answer != Is::kNo;
    every = every && answer == Is::kYes;
  }
  return purpose == Purpose::kRestrict ? any : every;
}

bool field_holds(const std::string& name, const std::string& value, const Sample& sample,
                 const Operation& operation) {
  if (name == "client") return sample.client == value;
  if (name == "group") {
    return sample.client == "runner" || (sample.client == "soar" && value == "automation");
  }
  const bool unknown = operation.id == "push.unknown";
  if (name == "operation") {
    if (value == "\"*.*\"") return !unknown;
    if (value == "\"push.*\"") return !unknown && operation.id.rfind("push.", 0) == 0;
    return operation.id == value;
  }
  if (name == "access") return operation.access == value;
  if (name == "tag") return operation.tags.count(value) > 0;
  return sample.method == value;
}

bool matches(const Spec& spec, const Sample& sample, const Operation& operation, Purpose purpose) {
  for (const auto& [name, values] : spec.fields) {
    const std::string& field = name;
    const bool any =
        std::any_of(values.begin(), values.end(), [&field, &sample, &operation](const std::string& value) {
          return field_holds(field, value, sample, operation);
        });
    if (!any) return false;
  }
  return std::all_of(spec.checks.begin(), spec.checks.end(),
                     [&sample, &operation, purpose](const Check& check) {
                       return holds(check, sample, operation, purpose);
                     });
}

bool speaks(const RuleSpec& rule, const Sample& sample, const Operation& operation) {
  const bool allow = rule.effect == "allow";
  if (allow && operation.id == "push.unknown") {
    const auto named = rule.when.fields.find("operation");
    if (named == rule.when.fields.end()) return false;
  }
  if (!matches(rule.when, sample, operation, allow ? Purpose::kPermit : Purpose::kRestrict)) return false;
  if (rule.excluded &&
      matches(*rule.excluded, sample, operation, allow ? Purpose::kRestrict : Purpose::kPermit)) {
    return false;
  }
  if (rule.effect != "require") return true;
  return !std::all_of(rule.required.begin(), rule.required.end(), [&sample, &operation](const Check& check) {
    return holds(check, sample, operation, Purpose::kDemand);
  });
}

std::string judge_all(const std::vector<RuleSpec>& rules, const Sample& sample) {
  std::set<std::string> denying, allowing, shadows;
  bool denied = false;
  for (const Operation& operation : sample.operations) {
    bool fit_denied = false, fit_allowed = false;
    for (const RuleSpec& rule : rules) {
      if (!speaks(rule, sample, operation)) continue;
      if (rule.shadow) {
        shadows.insert(rule.id);
      } else if (rule.effect == "allow") {
        fit_allowed = true;
        allowing.insert(rule.id);
      } else {
        fit_denied = true;
        denying.insert(rule.id);
      }
    }
    denied = denied || fit_denied || !fit_allowed;
  }
  std::string text = denied ? "deny" : "allow";
  for (const std::string& id : denied ? denying : allowing) text += " " + id;
  text += " shadow";
  for (const std::string& id : shadows) text += " " + id;
  return text;
}

std::string text_of(const Decision& decision) {
  std::string text(to_text(decision.outcome));
  for (std::string_view id : decision.rules) text += " " + std::string(id);
  text += " shadow";
  for (std::string_view id : decision.shadow_rules) text += " " + std::string(id);
  return text;
}

// The ids of the rules of which a warning of that kind was given: its message starts with the id.
std::set<std::string> warned_of(const Findings& findings, const std::string& kind) {
  std::set<std::string> ids;
  for (const Finding& finding : findings.all()) {
    if (finding.rule == kind) ids.insert(finding.message.substr(0, finding.message.find(' ')));
  }
  return ids;
}

// What is said to be in vain is so for this request. Empty, or what was wrong.
std::string false_alarm(const Findings& warnings, const Explanation& explanation) {
  const auto never = warned_of(warnings, "rule-never-matches"),
             denied = warned_of(warnings, "allow-always-denied"),
             redundant = warned_of(warnings, "allow-redundant");
  bool needed = explanation.outcome == Outcome::kAllow;
  for (const RuleExplanation& rule : explanation.rules) {
    if (rule.matched && never.contains(rule.id)) return rule.id + " matches";
    if (!rule.decides || explanation.outcome != Outcome::kAllow) continue;
    if (denied.contains(rule.id)) return rule.id + " allows";
    needed = needed && redundant.contains(rule.id);
  }
  return needed ? "only redundant rules allow" : "";
}

void compare_once(unsigned seed, size_t requests) {
  Random random(seed);
  std::vector<RuleSpec> rules;
  std::string yaml = "version: 1\nrules:\n";
  for (size_t i = 1 + random.below(8); i > 0; --i) {
    rules.push_back(random_rule(random, rules.size()));
    yaml += yaml_of(rules.back());
  }
  const PolicyUnderTest policy(yaml);
  ASSERT_NE(policy.engine, nullptr) << "seed " << seed << "\n" << policy.finding_texts() << yaml;
  Findings warnings;
  add_policy_warnings(*policy.engine, policy.config, warnings);
  for (size_t i = 0; i < requests; ++i) {
    const Sample sample = random_sample(random);
    std::string line = sample.client + " " + sample.method + " " + sample.path;
    for (const auto& [name, value] : sample.query)
      line += (line.find('?') == std::string::npos ? "?" : "&") + name + "=" + value;
    const std::string body = sample.body ? sample.body->dump() : "";
    const ReviewRequest request = policy.request(line, body);
    const Decision decision = policy.decide(request);
    ASSERT_EQ(text_of(decision), judge_all(rules, sample)) << "seed " << seed << "\n"
                                                           << line << " " << body << "\n"
                                                           << yaml;
    const Explanation explanation = explain(*policy.engine, policy.config, request);
    ASSERT_EQ(explanation.outcome, decision.outcome) << "seed " << seed;
    ASSERT_EQ(false_alarm(warnings, explanation), "") << "seed " << seed << "\n"
                                                      << line << " " << body << "\n"
                                                      << yaml;
  }
}

TEST(NaiveEvaluator, AgreesWithTheEngineOnRandomPoliciesAndRequests) {
  const unsigned first = std::random_device()();
  RecordProperty("seed", std::to_string(first));
  for (unsigned i = 0; i < 100; ++i) {
    compare_once(first + i, 60);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace sluice
