#include "random_policy.h"

#include <algorithm>
#include <cstdlib>

namespace sluice::random_policy {

unsigned number_from(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

namespace {

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

}  // namespace

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

std::string yaml_of(const RuleSpec& rule, const std::string& more) {
  std::string when = yaml_of(rule.when);
  if (!more.empty()) when += (when.empty() ? "" : ", ") + more;
  if (rule.excluded) when += (when.empty() ? "" : ", ") + ("not: { " + yaml_of(*rule.excluded) + " }");
  std::string text = "  - { id: " + rule.id + ", effect: " + rule.effect + ", when: { " + when + " }";
  if (rule.shadow) text += ", mode: shadow";
  if (!rule.required.empty()) text += ", " + yaml_of(rule.required);
  return text + " }\n";
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

}  // namespace sluice::random_policy
