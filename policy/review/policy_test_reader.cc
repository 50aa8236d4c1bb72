#include "policy/review/policy_test_reader.h"

#include <algorithm>

#include "config/map_reader.h"
#include "config/yaml_reader.h"
#include "policy/compiler.h"
#include "policy/review/test_request_reader.h"

namespace sluice {
namespace {

std::vector<std::string> rule_ids(const Engine& engine) {
  std::vector<std::string> ids;
  for (const Rule& rule : engine.compiled().rules) ids.push_back(rule.id);
  return ids;
}

// Names of one kind, each of which has to be known.
struct Names {
  std::string_view what;  // "rule"
  const std::vector<std::string>& known;
};

std::optional<std::vector<std::string>> read_names(MapReader& map, std::string_view key, const Names& names,
                                                   Findings& findings) {
  const Value* value = map.optional(key);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> read;
  for (const Value* name : read_scalars(*value, key, findings)) {
    read.push_back(name->text);
    if (std::find(names.known.begin(), names.known.end(), name->text) != names.known.end()) continue;
    const std::string what(names.what);
    findings.error(name->at, "unknown-" + what,
                   std::string(key) + ": unknown " + what + " \"" + name->text + "\"" +
                       suggestion(name->text, names.known));
  }
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  return read;
}

class TestReader {
 public:
  TestReader(const Value& value, const TestContext& context, const std::vector<std::string>& rules,
             Findings& findings)
      : map_(value, "a test", findings), context_(context), rules_(rules), findings_(findings) {}

  PolicyTest read() {
    test_.at = map_.at();
    read_name();
    if (const Value* expect = map_.required("expect")) read_expectation(*expect);
    if (const Value* request = map_.required("request")) {
      const bool may_be_lost = test_.expect.outcome == Outcome::kRefuse;
      test_.request = read_test_request(*request, context_, may_be_lost, findings_);
    }
    map_.finish();
    return std::move(test_);
  }

 private:
  void read_name() {
    const Value* name = map_.required("name");
    if (name == nullptr) return;
    const auto text = read_text(*name, "name", findings_);
    if (!text) return;
    test_.name = *text;
    if (text->empty() || text->find_first_of("\t\n\r") != std::string::npos)
      findings_.error(name->at, "bad-name", "name: expected one line of text");
  }

  void read_expectation(const Value& value) {
    if (value.is_scalar()) return read_outcome(value);
    MapReader map(value, "expect", findings_);
    if (!map.is_map()) return;
    Expectation& expect = test_.expect;
    const Value* decision = map.required("decision");
    if (decision != nullptr) read_outcome(*decision);
    expect.rules = read_names(map, "rules", {"rule", rules_}, findings_);
    expect.shadow_rules = read_names(map, "shadow_rules", {"rule", rules_}, findings_);
    expect.tags = read_names(map, "tags", {"tag", context_.engine.compiled().vocabulary.tags}, findings_);
    if (map.optional("targets") != nullptr) map.texts("targets", expect.targets.emplace());
    if (map.optional("reason") != nullptr) map.text("reason", expect.reason.emplace());
    if (map.optional("type") != nullptr) map.text("type", expect.type.emplace());
    if (const Value* status = map.optional("status")) {
      map.integer("status", expect.status.emplace(), 400, 599);
      if (decision != nullptr && expect.outcome == Outcome::kAllow)
        findings_.error(status->at, "bad-expectation",
                        "status: an allowed request has the vendor's, leave it out");
    }
    map.finish();
  }

  void read_outcome(const Value& value) {
    static const std::vector<std::string> kNames{"allow", "deny", "refuse"};
    const auto text = read_text(value, "expect", findings_);
    if (!text) return;
    for (Outcome outcome : {Outcome::kAllow, Outcome::kDeny, Outcome::kRefuse}) {
      if (*text != to_text(outcome)) continue;
      test_.expect.outcome = outcome;
      return;
    }
    const std::string hint = suggestion(*text, kNames);
    findings_.error(
        value.at, "invalid-value",
        "expect: unknown value \"" + *text + "\"" + (hint.empty() ? ", allowed: allow, deny, refuse" : hint));
  }

  MapReader map_;
  const TestContext& context_;
  const std::vector<std::string>& rules_;
  Findings& findings_;
  PolicyTest test_;
};

}  // namespace

std::optional<TestFile> read_test_file(const std::string& path, Findings& findings) {
  Findings own;  // what stands in `findings` already is not of this file
  TestFile file;
  if (auto document = read_yaml_file(path, own)) {
    file.document = *std::move(document);
    MapReader map(file.document, "a file of tests", own);
    if (const Value* config = map.required("config")) {
      if (const auto text = read_text(*config, "config", own)) file.config = resolve_path(path, *text);
      file.config_at = config->at;
    }
    if (const Value* policy = map.optional("policy")) {
      if (const auto text = read_text(*policy, "policy", own)) file.policy = resolve_path(path, *text);
      file.policy_at = policy->at;
    }
    const Value* tests = map.optional("tests");
    if (tests != nullptr && !tests->is_list() && tests->kind != Value::Kind::kNull)
      own.error(tests->at, "wrong-type",
                "tests: expected a list, got " + std::string(kind_name(tests->kind)));
    map.finish();
  }
  own.sort();
  findings.add(own);
  if (own.has_errors()) return std::nullopt;
  return file;
}

void read_policy_tests(const Value& tests, const TestContext& context, Findings& findings,
                       const std::function<void(const PolicyTest&)>& take) {
  const std::vector<std::string> rules = rule_ids(context.engine);
  for (const Value& item : tests.items) {
    Findings own;
    const PolicyTest test = TestReader(item, context, rules, own).read();
    own.sort();
    findings.add(own);
    if (!own.has_errors()) take(test);
  }
}

}  // namespace sluice
