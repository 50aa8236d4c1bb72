// Runs tests/policy_cases/*.yaml: a policy, and requests with the exact decision on each. The format is the
// one of `sluice test`, but that the policy is in the file itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/yaml_reader.h"
#include "policy/json_number.h"
#include "policy/review/explain.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

nlohmann::ordered_json to_json(const Value& value) {
  nlohmann::ordered_json json;
  if (value.is_scalar()) {
    const bool plain = !value.quoted;
    if (plain && (value.text == "true" || value.text == "false")) return value.text == "true";
    if (plain && read_json_number(value.text)) return nlohmann::ordered_json::parse(value.text);
    return value.text;
  }
  if (value.is_list()) {
    json = nlohmann::ordered_json::array();
    for (const Value& item : value.items) json.push_back(to_json(item));
  }
  if (value.is_map()) {
    json = nlohmann::ordered_json::object();
    for (const auto& [key, member] : value.entries) json[key.text] = to_json(member);
  }
  return json;
}

struct Case {
  std::string name;  // of the file and the test
  std::string policy;
  Value test;
};

std::string text_of(const Value& map, std::string_view key, const std::string& otherwise = "") {
  const Value* value = map.find(key);
  return value == nullptr ? otherwise : value->text;
}

std::string list_of(const Value& map, std::string_view key) {
  std::string text;
  const Value* value = map.find(key);
  if (value == nullptr) return "";
  for (const Value& item : value->items) text += (text.empty() ? "" : ", ") + item.text;
  return text;
}

template <class Names>
std::string join(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/policy_cases")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    Findings findings;
    const auto document = read_yaml_file(file.string(), findings);
    for (const Finding& finding : findings.all()) std::fprintf(stderr, "%s\n", to_text(finding).c_str());
    if (!document || findings.has_errors()) {
      cases.push_back({file.stem().string() + ": unreadable", "", {}});
      continue;
    }
    for (const Value& test : document->find("tests")->items) {
      cases.push_back(
          {file.stem().string() + ": " + text_of(test, "name"), text_of(*document, "policy"), test});
    }
  }
  return cases;
}

class PolicyCase : public testing::TestWithParam<Case> {};

ReviewRequest read_request(const PolicyUnderTest& policy, const Value& said) {
  std::string target = text_of(said, "path");
  if (said.find("query") != nullptr) target += "?" + text_of(said, "query");
  std::string body = text_of(said, "body_text");
  if (const Value* value = said.find("body")) body = to_json(*value).dump();
  ReviewRequest request =
      policy.request(text_of(said, "client", "soar") + " " + text_of(said, "method") + " " + target, body);
  if (const Value* headers = said.find("headers")) {
    for (const auto& [name, value] : headers->entries) {
      if (value.is_scalar()) request.headers.emplace_back(name.text, value.text);
      for (const Value& item : value.items) request.headers.emplace_back(name.text, item.text);
    }
  }
  if (said.find("source") != nullptr) request.source = *parse_ip(text_of(said, "source"));
  if (said.find("at") != nullptr) request.at = parse_rfc3339(text_of(said, "at")).value();
  return request;
}

TEST_P(PolicyCase, DecidesAsTheFileSays) {
  ASSERT_TRUE(GetParam().test.is_map()) << GetParam().name;
  const PolicyUnderTest policy(GetParam().policy);
  ASSERT_NE(policy.engine, nullptr) << policy.finding_texts();
  const ReviewRequest request = read_request(policy, *GetParam().test.find("request"));
  const Decision decision = policy.decide(request);

  const Value& expect = *GetParam().test.find("expect");
  EXPECT_EQ(to_text(decision.outcome), expect.is_scalar() ? expect.text : text_of(expect, "decision"))
      << "rules: " << join(decision.rules) << "\nreason: " << decision.reason << decision.refusal.detail;
  const auto expect_equal = [&expect](std::string_view key, const std::string& said, const std::string& is) {
    if (expect.find(key) != nullptr) {
      EXPECT_EQ(is, said) << key;
    }
  };
  for (const auto& [key, names] : {std::pair{"rules", &decision.rules},
                                   {"shadow_rules", &decision.shadow_rules},
                                   {"tags", &decision.tags}}) {
    expect_equal(key, list_of(expect, key), join(*names));
  }
  expect_equal("targets", list_of(expect, "targets"), join(decision.targets));
  expect_equal("reason", text_of(expect, "reason"), std::string(decision.reason));
  expect_equal("status", text_of(expect, "status"), std::to_string(decision.refusal.status));
  expect_equal("type", text_of(expect, "type"), std::string(decision.refusal.type));
  expect_equal("detail", text_of(expect, "detail"), decision.refusal.detail);

  // What is explained is what is decided, though it looks at every rule and not at those that can apply.
  const Explanation explanation = explain(*policy.engine, policy.config, request);
  EXPECT_EQ(explanation.outcome, decision.outcome);
  std::vector<std::string> deciding;
  for (const RuleExplanation& rule : explanation.rules) {
    if (rule.decides) deciding.push_back(rule.id);
    EXPECT_FALSE(rule.why.empty()) << rule.id;
  }
  std::sort(deciding.begin(), deciding.end());
  EXPECT_EQ(join(deciding), join(decision.rules));
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name;
  for (char c : info.param.name) name += isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, PolicyCase, testing::ValuesIn(all_cases()), case_name);

}  // namespace
}  // namespace sluice
