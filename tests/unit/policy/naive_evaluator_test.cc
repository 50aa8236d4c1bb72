// Compares the engine with a second evaluator, as naive as can be: no index, no compiled forms, written from
// the contract's sentences; and sees that no warning of `check` is a false alarm. Random policies and
// requests. SLUICE_NAIVE_POLICIES asks for more of them, SLUICE_NAIVE_SEED for others.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <regex>
#include <set>

#include "policy/review/explain.h"
#include "policy/review/warnings.h"
#include "policy_fixture.h"
#include "random_policy.h"

namespace sluice {
namespace {

using namespace random_policy;

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

bool holds(const Check& check, const Sample& sample, const SampleOperation& operation, Purpose purpose) {
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
                 const SampleOperation& operation) {
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

bool matches(const Spec& spec, const Sample& sample, const SampleOperation& operation, Purpose purpose) {
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

bool speaks(const RuleSpec& rule, const Sample& sample, const SampleOperation& operation) {
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
  for (const SampleOperation& operation : sample.operations) {
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
  const unsigned policies = number_from("SLUICE_NAIVE_POLICIES", 100);
  const unsigned first = number_from("SLUICE_NAIVE_SEED", 20'260'105);
  constexpr unsigned kRequests = 60;
  for (unsigned i = 0; i < policies; ++i) {
    compare_once(first + i, kRequests);
    if (HasFatalFailure()) return;
  }
  std::cout << policies * kRequests << " decisions of " << policies << " policies from seed " << first
            << ": 0 differences\n";
}

}  // namespace
}  // namespace sluice
