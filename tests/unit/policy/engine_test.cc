#include "policy/engine.h"

#include <gtest/gtest.h>

#include "policy/compiler.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

constexpr const char* kPolicy = R"(version: 1
rules:
  - { id: reads, effect: allow, when: { access: read } }
  - { id: soar-unknown, effect: allow, when: { client: soar, operation: push.unknown } }
  - { id: soar-body, effect: deny, when: { client: soar, access: write, body: { /a: 1 } } }
  - { id: shadow-body, effect: deny, mode: shadow, when: { client: admin, operation: push.unknown, body: { /a: 1 } } }
  - { id: excluded-body, effect: allow, when: { client: siem, operation: push.unknown, not: { body: { /a: 1 } } } }
)";

bool needs_body(const PolicyUnderTest& policy, const std::string& line) {
  const ReviewRequest request = policy.request(line);
  std::vector<HeaderView> headers;
  const RequestView view = view_of(request, headers);
  return policy.engine->needs_body(policy.engine->resolve(view), view);
}

TEST(Engine, NeedsTheBodyWhenARuleThatCanMatchLooksIntoIt) {
  const PolicyUnderTest policy(kPolicy);
  EXPECT_TRUE(needs_body(policy, "soar POST /push/v1/x"));
  EXPECT_TRUE(needs_body(policy, "siem POST /push/v1/x")) << "a rule that looks under not";
  EXPECT_TRUE(needs_body(policy, "admin POST /push/v1/x")) << "a shadow rule";
  EXPECT_FALSE(needs_body(policy, "runner POST /push/v1/x"));
  EXPECT_FALSE(needs_body(policy, "soar GET /push/v1/employees")) << "the rule is about writes";
}

TEST(Engine, NeedsTheBodyForTheCataloguesSchema) {
  const PolicyUnderTest policy(kPolicy);
  EXPECT_TRUE(needs_body(policy, "runner POST /push/v1/employees/e1/merge"));
}

TEST(Engine, DeniesWhenTheBodyWasNotReadThoughItIsNeeded) {
  const PolicyUnderTest policy(kPolicy);
  const ReviewRequest request = policy.request("soar POST /push/v1/x");
  std::vector<HeaderView> headers;
  const RequestView view = view_of(request, headers);
  const Decision decision = policy.engine->decide(policy.engine->resolve(view), view, std::nullopt);
  EXPECT_EQ(decision.outcome, Outcome::kDeny);
  EXPECT_EQ(decision.reason, "the policy could not be evaluated");
  EXPECT_TRUE(decision.rules.empty());
}

TEST(Engine, DeniesWhoIsNotOfTheConfiguration) {
  const PolicyUnderTest policy(kPolicy);
  ReviewRequest request = policy.request("soar GET /push/v1/employees");
  request.client = 99;
  EXPECT_EQ(policy.decide(request).reason, "the policy could not be evaluated");
  EXPECT_EQ(policy.decide(request).outcome, Outcome::kDeny);
}

TEST(Engine, DeniesATargetThatWasNeverResolved) {
  const PolicyUnderTest policy(kPolicy);
  EXPECT_EQ(policy.engine->decide(Target{}, RequestView{}, "").outcome, Outcome::kDeny);
}

TEST(Engine, ResolvesOperationAndAccess) {
  const PolicyUnderTest policy(kPolicy);
  const auto resolved = [&policy](const std::string& line) {
    const ReviewRequest request = policy.request(line);
    std::vector<HeaderView> headers;
    const Target target = policy.engine->resolve(view_of(request, headers));
    return std::string(target.operation_id) + " " + std::string(to_text(target.access));
  };
  EXPECT_EQ(resolved("soar HEAD /push/v1/employees"), "push.employees.list read");
  EXPECT_EQ(resolved("soar POST /push/v1/employees/e1/merge"), "push.employees.merge write");
  EXPECT_EQ(resolved("soar HEAD /push/v1/nothing"), "push.unknown read");
  EXPECT_EQ(resolved("soar OPTIONS /securenvoy/nothing"), "securenvoy.unknown write");
}

TEST(Engine, TellsWhetherABodyHoldsACredential) {
  const PolicyUnderTest policy(kPolicy);
  const std::string user = "soar PUT /securenvoy/api/user/restapi/users/u1";
  EXPECT_TRUE(policy.decide(user, R"({"PASSWORD":"x"})").body_has_credential);
  EXPECT_FALSE(policy.decide(user, R"({"email":"x"})").body_has_credential);
  EXPECT_TRUE(policy.decide(user, R"({"email":)").body_has_credential) << "what cannot be read may hold one";
  EXPECT_FALSE(policy.decide("soar POST /push/v1/employees/e1/groups", "{").body_has_credential);
}

TEST(Engine, NeverQuotesABodyInARefusal) {
  const PolicyUnderTest policy(kPolicy);
  for (const char* body : {R"({"password":"hunter2)", R"({"password":["hunter2"]})",
                           R"({"password":"hunter2","password":"hunter2"})"}) {
    const Decision decision = policy.decide("soar PUT /securenvoy/api/user/restapi/users/u1", body);
    EXPECT_EQ(decision.outcome, Outcome::kRefuse);
    EXPECT_EQ(decision.refusal.detail.find("hunter2"), std::string::npos) << decision.refusal.detail;
  }
}

// Of a thousand rules about others, none is looked at.
TEST(Compiler, ListsForEachOperationAndClientTheRulesThatCanApply) {
  std::string text = "version: 1\nrules:\n";
  for (int i = 0; i < 500; ++i) {
    const std::string id = std::to_string(i);
    text += "  - { id: a-" + id + ", effect: allow, when: { client: siem, operation: push.apps.list } }\n";
    text += "  - { id: b-" + id + ", effect: deny, when: { tag: credential-write } }\n";
  }
  text +=
      "  - { id: mine, effect: allow, when: { group: automation, operation: \"push.employees.*\", method: "
      "HEAD } }\n";
  text += "  - { id: everyone, effect: deny, when: { source: 192.0.2.0/24 } }\n";
  const PolicyUnderTest policy(text);
  const CompiledPolicy& compiled = policy.engine->compiled();
  const CompiledSlot& slot = compiled.slots[compiled.vocabulary.find_operations("push.employees.list")[0]];
  ASSERT_EQ(slot.everyone.rules.size(), 1U);
  EXPECT_EQ(slot.everyone.rules[0].rule, 1001U);
  ASSERT_EQ(slot.by_client[0].rules.size(), 1U);
  EXPECT_EQ(slot.by_client[0].rules[0].rule, 1000U) << "a HEAD fits the GET operation";
  EXPECT_TRUE(slot.by_client[1].rules.empty());
  // A body's member can add the tag, so these can apply.
  const CompiledSlot& update =
      compiled.slots[compiled.vocabulary.find_operations("securenvoy.users.update")[0]];
  EXPECT_EQ(update.everyone.rules.size(), 501U);
}

TEST(Engine, KnowsTheTagsThatAWebhookFiltersBy) {
  PolicyUnderTest policy("version: 1\nrules: []\n");
  WebhookConfig webhook;
  webhook.name = "siem";
  webhook.at = {"sluice.yaml", 7, 3};
  webhook.filter.tags = {"irreversible", "irreversibel"};
  policy.config.audit.webhooks = {webhook};
  Findings findings;
  EXPECT_EQ(Engine::compile("version: 1\nrules: []\n", "policy.yaml", policy.config,
                            policy_test_catalogues(policy.config), findings),
            nullptr);
  ASSERT_EQ(findings.all().size(), 1U);
  const std::string found = to_text(findings.all()[0]);
  EXPECT_EQ(found.find("sluice.yaml:7:3: error: webhook siem: filter: tags: \"irreversibel\" is no tag of a "
                       "catalogue that is used"),
            0U)
      << found;
}

}  // namespace
}  // namespace sluice
