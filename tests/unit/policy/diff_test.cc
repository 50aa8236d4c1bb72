#include "policy/review/diff.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "policy/methods.h"
#include "policy/review/explain.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

using Lines = std::vector<std::string>;

struct Changed {
  PolicyUnderTest before, after;
  DiffReport report;

  // Rules as lines of flow style.
  Changed(const std::string& old_rules, const std::string& new_rules)
      : before("version: 1\nrules:\n" + old_rules), after("version: 1\nrules:\n" + new_rules) {
    EXPECT_NE(before.engine, nullptr) << before.finding_texts();
    EXPECT_NE(after.engine, nullptr) << after.finding_texts();
    if (!before.engine || !after.engine) return;
    report = diff_policies(*before.engine, *after.engine, before.config);
    for (const DiffChange& change : report.changes) {
      if (!change.has_example) continue;
      EXPECT_EQ(explain(*before.engine, before.config, change.example.request).outcome, change.before);
      EXPECT_EQ(explain(*after.engine, after.config, change.example.request).outcome, change.after);
    }
  }
  // "widened soar push.employees.merge"
  Lines lines() const {
    Lines all;
    for (const DiffChange& change : report.changes)
      all.push_back(std::string(to_text(change.direction)) + " " + change.client + " " + change.operation);
    return all;
  }
  const DiffExample& example(size_t index = 0) const { return report.changes.at(index).example; }
};

const std::string kAllPush =
    "  - { id: all, effect: allow, when: { client: soar, operation: \"push.*\" } }\n";
const std::string kEmployees =
    "  - { id: all, effect: allow, when: { client: soar, operation: push.employees.list } }\n";
const std::string kMerge =
    "  - { id: all, effect: allow, when: { client: soar, operation: push.employees.merge } }\n";

// Rules that deny by `count` query parameters; every combination of them is a request to try.
std::string denies_by_query(int count) {
  std::string rules;
  for (int i = 0; i < count; ++i)
    rules += "  - { id: d" + std::to_string(i) + ", effect: deny, when: { query: { q" + std::to_string(i) +
             ": { pattern: \"^[a-z]{" + std::to_string(i + 1) + "}$\" } } } }\n";
  return rules;
}

TEST(Diff, TellsHowFarItIs) {
  const PolicyUnderTest before("version: 1\nrules:\n" + kAllPush), after("version: 1\nrules:\n" + kMerge);
  uint64_t steps = 0, last = 0;
  diff_policies(*before.engine, *after.engine, before.config, UINT64_MAX, [&](uint64_t done, uint64_t all) {
    EXPECT_EQ(done, ++steps);
    last = all;
  });
  EXPECT_GT(steps, 1U);
  EXPECT_EQ(steps, last);
}

TEST(Diff, ThatIsCutShortSaysSoAndTriesNoMore) {
  const std::string all =
      "version: 1\nrules:\n  - { id: all, effect: allow, when: { client: soar, operation: push.apps.* } }\n";
  const PolicyUnderTest before(all + denies_by_query(3)), after(all);
  const auto count = [&](uint64_t most, Direction direction) {
    const DiffReport report = diff_policies(*before.engine, *after.engine, before.config, most);
    for (const DiffChange& change : report.changes)
      EXPECT_EQ(change.why, change.direction == Direction::kUnknown ? "the comparison was cut short" : "");
    return report.count(direction);
  };
  EXPECT_EQ(count(UINT64_MAX, Direction::kUnknown), 0U);
  EXPECT_EQ(count(1, Direction::kUnknown), 2U) << "of two operations";
  EXPECT_EQ(count(501, Direction::kUnknown), 1U) << "the first took it all";
  EXPECT_GT(count(501, Direction::kWidened), 0U);
  EXPECT_EQ(count(2000, Direction::kUnknown), 0U);
}

TEST(Diff, AMergeCapThatIsRaisedWidensTheMerge) {
  const std::string cap =
      "  - { id: cap, effect: require, when: { operation: push.employees.merge }, body: { "
      "/secondaryEmployeeIds: { maxItems: ";
  const Changed changed(kAllPush + cap + "2 } } }\n", kAllPush + cap + "50 } } }\n");
  EXPECT_EQ(changed.lines(), (Lines{"widened soar push.employees.merge"}));
  EXPECT_EQ(nlohmann::json::parse(changed.example().request.body)["secondaryEmployeeIds"].size(), 3U);
  EXPECT_EQ(changed.report.changes[0].rules_before, Lines{"cap"});
  EXPECT_EQ(changed.report.changes[0].rules_after, Lines{"all"});
  EXPECT_NE(to_text(changed.report).find("[irreversible]"), std::string::npos);
}

TEST(Diff, AWildcardLetsAnotherClientWriteCredentials) {
  const Changed changed(
      "  - { id: a, effect: allow, when: { client: siem, operation: securenvoy.users.list } }\n",
      "  - { id: a, effect: allow, when: { client: siem, operation: \"securenvoy.credentials.*\" } }\n"
      "  - { id: b, effect: allow, when: { client: siem, operation: securenvoy.users.list } }\n");
  EXPECT_EQ(changed.lines(),
            (Lines{"widened siem securenvoy.credentials.get", "widened siem securenvoy.credentials.set",
                   "widened siem securenvoy.credentials.set-password"}));
  EXPECT_NE(to_markdown(changed.report).find("**credential-write**"), std::string::npos);
}

TEST(Diff, ATagOfABodyFieldIsShownByABodyThatCarriesIt) {
  const std::string users =
      "  - { id: u, effect: allow, when: { client: soar, operation: securenvoy.users.update } }\n";
  const Changed changed(users + "  - { id: d, effect: deny, when: { tag: credential-write } }\n", users);
  EXPECT_EQ(changed.lines(), (Lines{"widened soar securenvoy.users.update"}));
  EXPECT_NE(changed.example().request.body.find("password"), std::string::npos);
}

TEST(Diff, ARemovedDenyWidensAndAnAddedRequireNarrows) {
  const std::string deny = "  - { id: d, effect: deny, when: { query: { limit: { minimum: 100 } } } }\n";
  const std::string require =
      "  - { id: r, effect: require, when: { client: soar }, header: { x-ticket: { present: true } } }\n";
  const Changed widened(kEmployees + deny, kEmployees);
  EXPECT_EQ(widened.lines(), (Lines{"widened soar push.employees.list"}));
  EXPECT_NE(widened.example().request.query.find("limit="), std::string::npos);
  const Changed narrowed(kEmployees, kEmployees + require);
  EXPECT_EQ(narrowed.lines(), (Lines{"narrowed soar push.employees.list"}));
  EXPECT_TRUE(narrowed.example().request.headers.empty());
}

TEST(Diff, AShadowThatIsEnforcedNarrows) {
  const std::string shadow = "  - { id: d, effect: deny, mode: shadow, when: { access: read } }\n";
  const std::string enforced = "  - { id: d, effect: deny, when: { access: read } }\n";
  EXPECT_EQ(Changed(kEmployees + shadow, kEmployees + enforced).lines(),
            (Lines{"narrowed soar push.employees.list"}));
  EXPECT_EQ(Changed(kEmployees, kEmployees + shadow).lines(), Lines{});
}

TEST(Diff, NamesReasonsAndOrderChangeNothing) {
  const std::string one =
      "  - { id: x, effect: deny, reason: No., when: { query: { q: { pattern: a } } } }\n";
  const std::string two =
      "  - { id: y, effect: deny, reason: Never., when: { query: { q: { pattern: a } } } }\n";
  EXPECT_EQ(Changed(kAllPush + one, two + kAllPush).lines(), Lines{});
  EXPECT_EQ(to_text(Changed(kAllPush, kAllPush).report), "no request is decided differently\n");
}

TEST(Diff, RulesThatSayTheSameInOtherWordsChangeNothing) {
  const auto deny = [](const std::string& pattern) {
    return "  - { id: d, effect: deny, when: { query: { q: { pattern: \"" + pattern + "\" } } } }\n";
  };
  EXPECT_EQ(Changed(kAllPush + deny("^(a|b)c"), kAllPush + deny("^[ab]c")).lines(), Lines{});
  EXPECT_EQ(Changed(kAllPush + deny("^a{2,}$"), kAllPush + deny("^aa+$")).lines(), Lines{});
}

TEST(Diff, AWindowThatMovesByAnHourIsShownAtAnEdge) {
  const auto office = [](const std::string& hours) {
    return "  - { id: d, effect: deny, when: { not: { time: { days: mon-fri, hours: \"" + hours +
           "\", zone: Europe/London } } } }\n";
  };
  const Changed changed(kEmployees + office("08:00-18:00"), kEmployees + office("09:00-19:00"));
  EXPECT_EQ(changed.lines(),
            (Lines{"widened soar push.employees.list", "narrowed soar push.employees.list"}));
  EXPECT_TRUE(changed.example().time_matters);
  EXPECT_NE(to_json(changed.report).find("T18:00:00Z"), std::string::npos) << to_json(changed.report);
}

TEST(Diff, ANarrowedNetworkIsShownByAnAddressOutside) {
  const auto office = [](const std::string& network) {
    return "  - { id: a, effect: allow, when: { client: soar, operation: push.employees.list, source: " +
           network + " } }\n";
  };
  const Changed changed(office("10.0.0.0/8"), office("10.0.0.0/9"));
  EXPECT_EQ(changed.lines(), (Lines{"narrowed soar push.employees.list"}));
  EXPECT_EQ(to_text(changed.example().request.source), "10.128.0.0");
}

TEST(Diff, ANarrowerPatternIsShownByATextBetween) {
  const auto deny = [](const std::string& pattern) {
    return "  - { id: d, effect: deny, when: { query: { q: { pattern: \"" + pattern + "\" } } } }\n";
  };
  const Changed changed(kEmployees + deny("^emp-[0-9]+$"), kEmployees + deny("^emp-[0-9]{3}$"));
  EXPECT_EQ(changed.lines(), (Lines{"widened soar push.employees.list"}));
}

TEST(Diff, CredentialsThatBecomeReachableAreALineOfTheirOwn) {
  const std::string update =
      "  - { id: u, effect: allow, when: { client: soar, operation: securenvoy.users.update } }\n";
  // No rule speaks of credentials.
  const Changed changed(kEmployees, kEmployees + update);
  ASSERT_EQ(changed.lines(),
            (Lines{"widened soar securenvoy.users.update", "widened soar securenvoy.users.update"}));
  EXPECT_EQ(marks_of(changed.report.changes[0]), Lines{});
  EXPECT_EQ(marks_of(changed.report.changes[1]), Lines{"credential-write"});
  EXPECT_NE(changed.example(1).request.body.find("assword"), std::string::npos);
  // One that denies them before and after leaves only the plain line.
  const std::string deny = "  - { id: d, effect: deny, when: { tag: credential-write } }\n";
  EXPECT_EQ(Changed(kEmployees + deny, kEmployees + deny + update).lines(),
            (Lines{"widened soar securenvoy.users.update"}));
  // And one that no longer does shows the credentials alone.
  const Changed opened(update + deny, update);
  ASSERT_EQ(opened.lines(), (Lines{"widened soar securenvoy.users.update"}));
  EXPECT_EQ(marks_of(opened.report.changes[0]), Lines{"credential-write"});
}

TEST(Diff, ARepeatedQueryCounts) {
  const std::string allow =
      "  - { id: a, effect: allow, when: { client: soar, operation: push.employees.list, query: { q: a } } "
      "}\n";
  const std::string deny =
      "  - { id: d, effect: deny, when: { operation: push.employees.list, not: { query: { "
      "q: a } } } }\n";
  // Both ask that every value is a.
  EXPECT_EQ(Changed(allow, kEmployees + deny).lines(), Lines{});
  const std::string any = "  - { id: d, effect: deny, when: { query: { q: b } } }\n";
  EXPECT_EQ(Changed(kEmployees, kEmployees + any).example().request.query, "q=b");
  // One a alone meets what it asks for; only an a beside something else fails.
  for (const char* where : {"query", "header"}) {
    const std::string same = std::string(where) + ": { q: a } ";
    const Changed changed(
        kEmployees, kEmployees + "  - { id: r, effect: require, when: { " + same + "}, " + same + "}\n");
    ASSERT_EQ(changed.lines(), (Lines{"narrowed soar push.employees.list"})) << where;
    const ReviewRequest& request = changed.example().request;
    EXPECT_EQ(request.query.empty() ? request.headers.size() : 2, 2U);
  }
}

TEST(Diff, ItemsOfAListCountTogether) {
  const std::string assign =
      "  - { id: all, effect: allow, when: { client: soar, operation: securenvoy.users.assign-groups } }\n";
  const std::string rule = "  - { id: r, effect: require, when: { body: { /*: a } }, body: { /*: a } }\n";
  const Changed changed(assign, assign + rule);
  ASSERT_EQ(changed.lines(), (Lines{"narrowed soar securenvoy.users.assign-groups"}));
  EXPECT_EQ(nlohmann::json::parse(changed.example().request.body).size(), 2U);
}

TEST(Diff, TwoOperationsThatOneRequestFitsAreLookedAtTogether) {
  const auto allow = [](const std::string& operations) {
    return "  - { id: a, effect: allow, when: { client: soar, operation: [" + operations + "] } }\n";
  };
  const std::string deny =
      "  - { id: d, effect: deny, when: { operation: securenvoy.users.groups, param: { "
      "userId: username } } }\n";
  const std::string both = allow("securenvoy.users.groups, securenvoy.users.get-by-username");
  const Changed changed(both, both + deny);
  EXPECT_EQ(changed.lines(), (Lines{"narrowed soar securenvoy.users.groups"}));
  EXPECT_EQ(changed.example().path, "/securenvoy/api/user/restapi/users/username/groups");
  // The overlap alone is not told again beside the operation itself.
  EXPECT_EQ(Changed(allow("securenvoy.users.groups"), both).lines(),
            (Lines{"widened soar securenvoy.users.get-by-username"}));
}

TEST(Diff, PathsOfUnknownOperations) {
  const auto allow = [](const std::string& path) {
    return "  - { id: a, effect: allow, when: { client: soar, operation: push.unknown, method: GET, path: " +
           path + " } }\n";
  };
  const Changed changed(allow("\"/v1/teams/{id}\""), allow("\"/v1/teams/**\""));
  EXPECT_EQ(changed.lines(), (Lines{"widened soar push.unknown"}));
  EXPECT_EQ(changed.example().path.substr(0, 15), "/push/v1/teams/");
  EXPECT_EQ(Changed(allow("\"/v1/employees\""), allow("\"/v1/apps\"")).lines(), Lines{});  // both are known
  EXPECT_EQ(Changed(allow("/a"), allow("/b")).lines(),
            (Lines{"widened soar push.unknown", "narrowed soar push.unknown"}));
}

TEST(Diff, ABodyThatIsNotJsonIsRefusedOnceARuleLooksInside) {
  const Changed changed(
      kEmployees, kEmployees + "  - { id: d, effect: deny, when: { client: soar, body: { /never: 1 } } }\n");
  ASSERT_EQ(changed.report.changes.size(), 2U);  // denied with the member, refused when it cannot be read
  EXPECT_EQ(changed.report.count(Direction::kNarrowed), 2U);
}

TEST(Diff, WhatCannotBeFollowedIsUnknown) {
  const Changed changed(
      kEmployees + "  - { id: d, effect: deny, when: { query: { q: { pattern: '\\bx\\b' } } } }\n",
      kEmployees + "  - { id: d, effect: deny, when: { query: { q: { pattern: '\\bxy\\b' } } } }\n");
  EXPECT_GE(changed.report.count(Direction::kUnknown), 1U);
}

TEST(Diff, ManyQuestionsAtOnceAreUnknownRatherThanLeftOut) {
  std::string rules;
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    rules += "  - { id: d" + number + ", effect: deny, when: { query: { q" + number + ": a } } }\n";
  }
  const Changed changed(kEmployees, kEmployees + rules);
  EXPECT_EQ(changed.report.count(Direction::kUnknown), 1U);
  EXPECT_NE(to_text(changed.report).find("requests to try"), std::string::npos);
}

std::string allow_but(std::span<const std::string_view> methods) {
  std::string names;
  for (std::string_view name : methods) names += (names.empty() ? "" : ", ") + std::string(name);
  return "  - { id: u, effect: allow, when: { client: soar, operation: push.unknown, not: { method: [" +
         names + "] } } }\n";
}

TEST(Diff, ShowsByAMethodThatTheGateServes) {
  const auto first = served_methods().first(7);
  const Changed changed(kEmployees, kEmployees + allow_but(first));
  ASSERT_EQ(changed.lines(), (Lines{"widened soar push.unknown"}));
  EXPECT_FALSE(refuse_method(changed.example().request.method)) << changed.example().request.method;
}

TEST(Diff, WhatOnlyAMethodShowsThatIsNeverServedIsNoDifference) {
  const Changed changed(kEmployees, kEmployees + allow_but(served_methods()));
  EXPECT_EQ(to_text(changed.report).find("widened  "), std::string::npos) << to_text(changed.report);
  EXPECT_EQ(changed.lines(), Lines{});
}

TEST(Diff, TheLastServedMethodIsTriedToo) {
  const auto all = served_methods();
  const Changed changed(kEmployees, kEmployees + allow_but(all.first(all.size() - 1)));
  ASSERT_EQ(changed.lines(), (Lines{"widened soar push.unknown"}));
  EXPECT_EQ(changed.example().request.method, all.back());
}

// GET, HEAD and POST of it are known operations.
TEST(Diff, AnUnknownCallOfAKnownPathIsShownByAnotherMethod) {
  const Changed changed(kEmployees, kEmployees +
                                        "  - { id: u, effect: allow, when: { client: soar, operation: "
                                        "securenvoy.unknown, path: /api/user/restapi/users } }\n");
  ASSERT_EQ(changed.lines(), (Lines{"widened soar securenvoy.unknown"}));
  EXPECT_EQ(changed.example().request.method, "OPTIONS");
}

TEST(Diff, JsonHasTheContractsNames) {
  const Changed changed(kEmployees, kMerge);
  const auto json = nlohmann::json::parse(to_json(changed.report));
  EXPECT_EQ(json["widened"], 1);
  EXPECT_EQ(json["narrowed"], 1);
  const auto& change = json["changes"][0];
  for (const char* key :
       {"client", "operation", "direction", "before", "after", "rules_before", "rules_after", "example"})
    EXPECT_TRUE(change.contains(key)) << key;
  for (const char* key : {"method", "path", "query", "headers", "body"})
    EXPECT_TRUE(change["example"].contains(key)) << key;
  EXPECT_FALSE(change["example"].contains("at"));
  EXPECT_TRUE(change["example"]["body"].is_object());
}

TEST(Diff, NothingInAPolicyBecomesMarkup) {
  const Changed changed(
      kEmployees, kEmployees + "  - { id: d, effect: deny, when: { header: { x-team: \"a`|<b>\" } } }\n");
  const std::string text = to_markdown(changed.report);
  EXPECT_NE(text.find("``GET /push/v1/employees  x-team: a`\\|<b>``"), std::string::npos) << text;
}

}  // namespace
}  // namespace sluice
