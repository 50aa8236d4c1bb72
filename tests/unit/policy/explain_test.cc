#include "policy/review/explain.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/rfc3339.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

constexpr const char* kPolicy = R"(version: 1
rules:
  - { id: siem-reads, effect: allow, when: { client: siem, access: read, not: { tag: credential-read } } }
  - { id: soar-merges, effect: allow, when: { client: soar, operation: push.employees.merge } }
  - { id: merge-cap, effect: require, when: { operation: push.employees.merge }, body: { /secondaryEmployeeIds: { maxItems: 2 } }, reason: At most two. }
  - { id: trial, effect: deny, mode: shadow, when: { access: write } }
)";

Explanation explained(const std::string& line, const std::string& body = "") {
  const PolicyUnderTest policy(kPolicy);
  return explain(*policy.engine, policy.config, policy.request(line, body));
}

std::string why(const Explanation& explanation, const std::string& id) {
  for (const RuleExplanation& rule : explanation.rules) {
    if (rule.id == id) return rule.why;
  }
  return "no such rule";
}

TEST(Explain, SaysWhyInTheWordsOfTheFile) {
  const Explanation explanation =
      explained("soar POST /push/v1/employees/e1/merge", R"({"secondaryEmployeeIds":["a","b","c"]})");
  EXPECT_EQ(explanation.outcome, Outcome::kDeny);
  EXPECT_EQ(explanation.reason, "At most two.");
  EXPECT_EQ(why(explanation, "siem-reads"), "the client is soar, the rule says client: siem");
  EXPECT_EQ(why(explanation, "soar-merges"), "matches when: {client: soar, operation: push.employees.merge}");
  EXPECT_EQ(why(explanation, "merge-cap"),
            "matches when: {operation: push.employees.merge}, but body /secondaryEmployeeIds does not "
            "satisfy {maxItems: 2}");
}

TEST(Explain, SaysThatARequirementHolds) {
  const Explanation explanation =
      explained("soar POST /push/v1/employees/e1/merge", R"({"secondaryEmployeeIds":["a"]})");
  EXPECT_EQ(explanation.outcome, Outcome::kAllow);
  EXPECT_EQ(why(explanation, "merge-cap"),
            "matches when: {operation: push.employees.merge}, and what it requires holds");
}

TEST(Explain, NamesTheExclusion) {
  EXPECT_EQ(why(explained("siem GET /securenvoy/api/user/restapi/credentials/u1"), "siem-reads"),
            "excluded by not: {tag: credential-read}");
}

TEST(Explain, NamesTheOperationWhenThereAreTwo) {
  const Explanation explanation = explained("siem GET /securenvoy/api/user/restapi/users/username/groups");
  EXPECT_EQ(explanation.operations,
            (std::vector<std::string>{"securenvoy.users.groups", "securenvoy.users.get-by-username"}));
  EXPECT_EQ(why(explanation, "siem-reads").rfind("as securenvoy.users.", 0), 0U);
}

TEST(Explain, WritesTheJsonOfTheContract) {
  const Explanation explanation =
      explained("soar POST /push/v1/employees/e1/merge", R"({"secondaryEmployeeIds":["a","b","c"]})");
  const auto json = nlohmann::json::parse(to_json(explanation));
  EXPECT_EQ(json["decision"], "deny");
  EXPECT_EQ(json["client"], "soar");
  EXPECT_EQ(json["operations"], nlohmann::json({"push.employees.merge"}));
  EXPECT_EQ(json["reason"], "At most two.");
  EXPECT_FALSE(json.contains("status"));
  ASSERT_EQ(json["rules"].size(), 4U);
  EXPECT_EQ(json["rules"][2]["id"], "merge-cap");
  EXPECT_EQ(json["rules"][2]["effect"], "require");
  EXPECT_EQ(json["rules"][2]["file"], "policy.yaml");
  EXPECT_EQ(json["rules"][2]["line"], 5);
  EXPECT_EQ(json["rules"][2]["mode"], "enforce");
  EXPECT_EQ(json["rules"][2]["matched"], true);
  EXPECT_EQ(json["rules"][2]["decides"], true);
  EXPECT_EQ(json["rules"][1]["decides"], false) << "an allow that matches does not decide a deny";
  EXPECT_EQ(json["rules"][3]["matched"], true);
  EXPECT_EQ(json["rules"][3]["decides"], false) << "a shadow";
}

// The merge that another reading of the path finds has some.
TEST(Explain, AnUnknownOperationHasNoTags) {
  const PolicyUnderTest policy(
      "version: 1\nrules:\n  - { id: passwords, effect: deny, when: { tag: credential-write } }\n");
  const Explanation explanation =
      explain(*policy.engine, policy.config,
              policy.request("soar POST /push/v1/employees/e1/merge;x", R"({"secondaryEmployeeIds":["a"]})"));
  EXPECT_EQ(explanation.operations, (std::vector<std::string>{"push.unknown", "push.employees.merge"}));
  EXPECT_EQ(why(explanation, "passwords"),
            "as push.unknown: the tags are none, the rule says tag: credential-write");
}

TEST(Explain, SaysWhatIsRefusedAndWithWhichStatus) {
  const auto json = nlohmann::json::parse(to_json(explained("soar GET /push/v1/%2e%2e/x")));
  EXPECT_EQ(json["decision"], "refuse");
  EXPECT_EQ(json["status"], 400);
  EXPECT_TRUE(json["rules"].empty());
  EXPECT_EQ(nlohmann::json::parse(to_json(explained("soar GET /elsewhere/x")))["status"], 404);
}

// Even where a rule would allow it, and where no API fits.
TEST(Explain, RefusesMethodsThatTheGateNeverServes) {
  const PolicyUnderTest policy(
      "version: 1\nrules:\n  - { id: a, effect: allow, when: { operation: [\"*.*\", push.unknown] } }\n");
  for (const char* path : {"/push/v1/x", "/push/v1/employees", "/elsewhere/x"}) {
    for (const auto& [method, refusal] :
         {std::pair("TRACE", "405 method-not-allowed"), std::pair("CONNECT", "405 method-not-allowed"),
          std::pair("FOO", "501 not-implemented"), std::pair("get", "501 not-implemented")}) {
      const ReviewRequest request = policy.request("soar " + std::string(method) + " " + path);
      const Explanation explanation = explain(*policy.engine, policy.config, request);
      const std::string line = std::string(method) + " " + path;
      EXPECT_EQ(to_text(explanation).find(std::string("refuse with ") + refusal + "\nclient: soar\n"), 0U)
          << line;
      EXPECT_FALSE(explanation.reason.empty()) << line;
      EXPECT_TRUE(explanation.rules.empty() && explanation.operations.empty()) << line;
      EXPECT_EQ(summary(policy.decide(request)), std::string("refuse ") + refusal) << line;
    }
  }
}

TEST(Explain, WritesNullForNoReason) {
  EXPECT_TRUE(nlohmann::json::parse(to_json(explained("siem GET /push/v1/employees")))["reason"].is_null());
}

TEST(Explain, KeepsShadowRulesApartInText) {
  const std::string text =
      to_text(explained("soar POST /push/v1/employees/e1/merge", R"({"secondaryEmployeeIds":["a"]})"));
  const size_t shadows = text.find("shadow rules");
  ASSERT_NE(shadows, std::string::npos) << text;
  EXPECT_LT(text.find("soar-merges"), shadows);
  EXPECT_GT(text.find("trial"), shadows);
  EXPECT_NE(text.find("  > soar-merges (allow, policy.yaml:4): matches"), std::string::npos) << text;
}

TEST(Explain, NeverQuotesABody) {
  const PolicyUnderTest policy(
      "version: 1\nrules:\n  - { id: a, effect: deny, when: { body: { /password: { pattern: x } } } }\n");
  const Explanation explanation =
      explain(*policy.engine, policy.config,
              policy.request("soar PUT /securenvoy/api/user/restapi/users/u1", R"({"password":"hunter2"})"));
  EXPECT_EQ((to_json(explanation) + to_text(explanation)).find("hunter2"), std::string::npos);
}

TEST(ReviewRequest, ReadsRfc3339) {
  const auto seconds = [](const char* text) {
    const auto at = parse_rfc3339(text);
    return at ? std::chrono::duration_cast<std::chrono::milliseconds>(at->time_since_epoch()).count() : -1;
  };
  EXPECT_EQ(seconds("1970-01-02T00:00:00Z"), 86'400'000);
  EXPECT_EQ(seconds("1970-01-01T01:00:00.25+01:00"), 250);
  EXPECT_EQ(seconds("1970-01-01t00:00:01-00:30"), 1'801'000);
  for (const char* text :
       {"", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00Zx"}) {
    EXPECT_EQ(seconds(text), -1) << text;
  }
}

}  // namespace
}  // namespace sluice
