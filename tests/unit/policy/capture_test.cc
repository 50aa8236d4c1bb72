#include "policy/capture.h"

#include <gmock/gmock.h>

#include "policy/schema_place.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Texts = std::vector<std::string>;

constexpr const char* kPolicy = R"(version: 1
rules:
  - { id: admin, effect: allow, when: { client: admin, operation: "*.*" } }
)";
constexpr const char* kUpdate = "admin PUT /securenvoy/api/user/restapi/users/u1";
constexpr const char* kAddGroup = "admin POST /push/v1/employees/e1/groups";

CaptureConfig capture(const Texts& operations, const Texts& fields, bool hash = false) {
  CaptureConfig config;
  config.hash = hash;
  int line = 0;
  for (const std::string& text : operations) config.operations.push_back({text, {"sluice.yaml", ++line, 1}});
  for (const std::string& text : fields) config.fields.push_back({text, {"sluice.yaml", ++line, 2}});
  return config;
}

// An engine with captures.
struct Captured {
  explicit Captured(std::vector<CaptureConfig> captures) : policy(kPolicy) {
    policy.config.audit.captures = std::move(captures);
    policy.engine = Engine::compile(kPolicy, "policy.yaml", policy.config,
                                    policy_test_catalogues(policy.config), policy.findings);
  }
  // "/pointer=text", with quotes round a string, # before what is to be hashed and ~ before what is cut.
  Texts shown(const std::string& line, const std::string& body) {
    const Decision decision = policy.decide(line, body);
    Texts all;
    for (const BodyField& field : decision.fields) {
      const std::string text = field.is_string ? "\"" + field.text + "\"" : field.text;
      all.push_back(field.pointer + "=" + (field.hash ? "#" : "") + (field.cut ? "~" : "") + text);
    }
    return all;
  }
  PolicyUnderTest policy;
};

std::string findings_of(std::vector<CaptureConfig> captures) {
  const Captured captured(std::move(captures));
  EXPECT_EQ(captured.policy.engine == nullptr, captured.policy.findings.has_errors());
  return captured.policy.finding_texts();
}

TEST(Capture, TakesStringsNumbersBooleansAndNullAsTheyAre) {
  Captured captured({capture({"securenvoy.users.update"}, {"/city", "/isLocked", "/phone", "/state"})});
  EXPECT_THAT(captured.shown(kUpdate, R"({"city":"L\u0065eds","isLocked":false,"phone":null,"fax":"1"})"),
              ElementsAre("/city=\"Leeds\"", "/isLocked=false", "/phone=null"));
}

TEST(Capture, TakesNothingUnlessAsked) {
  Captured captured({});
  EXPECT_THAT(captured.shown(kUpdate, R"({"city":"Leeds"})"), IsEmpty());
}

TEST(Capture, IsOfTheOperationsThatAreNamedOnly) {
  Captured captured({capture({"push.employees.groups.add"}, {"/group"})});
  EXPECT_THAT(captured.shown(kAddGroup, R"({"group":"g"})"), ElementsAre("/group=\"g\""));
  EXPECT_THAT(captured.shown("admin DELETE /push/v1/employees/e1/groups", R"({"group":"g"})"), IsEmpty());
}

TEST(Capture, NumbersTheItemsOfAList) {
  Captured captured({capture({"securenvoy.*.*"}, {"/customAttributes/*/name", "/aliases/1"})});
  EXPECT_THAT(
      captured.shown(kUpdate, R"({"aliases":["a","b"],"customAttributes":[{"name":"x"},{},{"name":"y"}]})"),
      ElementsAre("/customAttributes/0/name=\"x\"", "/customAttributes/2/name=\"y\"", "/aliases/1=\"b\""));
}

TEST(Capture, FindsAFieldInAnyCaseWhereTheApiDoes) {
  Captured captured({capture({"securenvoy.users.update"}, {"/City"})});
  EXPECT_THAT(captured.shown(kUpdate, R"({"CITY":"Leeds"})"), ElementsAre("/City=\"Leeds\""));
}

TEST(Capture, ComesWithEveryDecisionOnceTheBodyIsRead) {
  Captured captured({capture({"push.employees.groups.add", "push.apps.update"}, {"/group"}),
                     capture({"push.apps.update"}, {"/notes"})});
  EXPECT_EQ(captured.policy.engine, nullptr) << "an operation named literally has to have the field";
  Captured right(
      {capture({"push.employees.groups.add"}, {"/group"}), capture({"push.apps.update"}, {"/notes"})});
  EXPECT_THAT(right.shown("siem POST /push/v1/employees/e1/groups", R"({"group":"g"})"),
              ElementsAre("/group=\"g\""))
      << "denied";
  EXPECT_THAT(right.shown("admin PATCH /push/v1/apps/a1", R"({"notes":"n","approvalStatus":"WRONG"})"),
              ElementsAre("/notes=\"n\""))
      << "refused by the schema";
  for (const char* body : {"{\"group\":\"g\",\"group\":\"h\"}", "{\"group\":\"\xFF\"}",
                           "{\"group\":\"\\ud800\"}", "{\"group\":\"g\"", "{\"group\":1e999}", ""})
    EXPECT_THAT(right.shown(kAddGroup, body), IsEmpty()) << body << " cannot be read";
}

TEST(Capture, TakesNoObjectAndNoList) {
  Captured captured({capture({"securenvoy.users.update"}, {"/city", "/aliases/*"})});
  EXPECT_THAT(captured.shown(kUpdate, R"({"city":{"password":"p"},"aliases":[["p"],{"a":1}]})"), IsEmpty());
  EXPECT_THAT(captured.shown(kUpdate, R"({"city":["p"],"aliases":"p"})"), IsEmpty());
}

TEST(Capture, CutsATextAtABorderOfACharacter) {
  Captured captured({capture({"push.apps.update"}, {"/notes"})});
  const std::string line = "admin PATCH /push/v1/apps/a1";
  const std::string long_text(1 << 20, 'x'), border = std::string(255, 'x') + "\xC3\xB6";
  EXPECT_THAT(captured.shown(line, "{\"notes\":\"" + long_text + "\"}"),
              ElementsAre("/notes=~\"" + std::string(256, 'x') + "\""));
  EXPECT_THAT(captured.shown(line, "{\"notes\":\"" + border + "\"}"),
              ElementsAre("/notes=~\"" + std::string(255, 'x') + "\""));
  EXPECT_THAT(captured.shown(line, "{\"notes\":\"" + std::string(256, 'x') + "\"}"),
              ElementsAre("/notes=\"" + std::string(256, 'x') + "\""));
}

TEST(Capture, KeepsAllOfATextThatIsToBeHashed) {
  Captured captured({capture({"push.apps.update"}, {"/notes"}, true)});
  const std::string text(1000, 'x');
  EXPECT_THAT(captured.shown("admin PATCH /push/v1/apps/a1", "{\"notes\":\"" + text + "\"}"),
              ElementsAre("/notes=#\"" + text + "\""));
}

TEST(Capture, ShowsNumbersAsTheyWereWritten) {
  Captured captured({capture({"push.employees.groups.add"}, {"/group"})});
  for (const char* number : {"-0", "9223372036854775807", "18446744073709551615", "18446744073709551616",
                             "1.50", "1E3", "0.1000000000000000055511151231257827"})
    EXPECT_THAT(captured.shown(kAddGroup, "{\"group\":" + std::string(number) + "}"),
                ElementsAre("/group=" + std::string(number == std::string("-0") ? "0" : number)));
  EXPECT_THAT(captured.shown(kAddGroup, "{\"group\":0." + std::string(100'000, '1') + "}"),
              ElementsAre("/group=~\"0." + std::string(254, '1') + "\""));
}

TEST(Capture, CarriesThirtyTwoValuesAndCountsTheRest) {
  Captured captured({capture({"push.employees.merge"}, {"/secondaryEmployeeIds/*"})});
  std::string body = "{\"secondaryEmployeeIds\":[\"0\"";
  for (int i = 1; i < 100'000; ++i) body += ",\"" + std::to_string(i) + "\"";
  const Decision decision = captured.policy.decide("admin POST /push/v1/employees/e1/merge", body + "]}");
  ASSERT_EQ(decision.fields.size(), kMostCapturedFields);
  EXPECT_EQ(decision.fields.back().pointer, "/secondaryEmployeeIds/31");
  EXPECT_EQ(decision.fields_left_out, 100'000U - kMostCapturedFields);
}

TEST(Capture, TellsNothingOfTheRequestBefore) {
  Captured captured({capture({"push.employees.groups.add"}, {"/group"})});
  Decision decision = captured.policy.decide(kAddGroup, R"({"group":"g"})");
  decision.fields_left_out = 3;
  decision.clear();
  EXPECT_THAT(decision.fields, IsEmpty());
  EXPECT_EQ(decision.fields_left_out, 0U);
}

TEST(CaptureConfiguration, RefusesWhatWouldCaptureNothing) {
  EXPECT_EQ(
      findings_of({capture({"push.employees.groups.ad", "push.nothing.*", "*"}, {"/group"})}),
      "sluice.yaml:1:1: error: operations: unknown operation \"push.employees.groups.ad\", did you mean "
      "\"push.employees.groups.add\"?\n"
      "sluice.yaml:2:1: error: operations: \"push.nothing.*\" fits no known operation\n"
      "sluice.yaml:3:1: error: operations: a bare \"*\" is no operation, write \"*.*\" for every known "
      "one\n");
  EXPECT_EQ(
      findings_of({capture({"push.employees.groups.add"}, {"/grop", "group", "/a~2"})}),
      "sluice.yaml:2:2: error: fields: \"/grop\" is no field of a body of \"push.employees.groups.add\", did "
      "you mean \"/group\"?\n"
      "sluice.yaml:3:2: error: fields: \"group\": a JSON Pointer is empty or starts with /\n"
      "sluice.yaml:4:2: error: fields: \"/a~2\": a ~ in a JSON Pointer has to be written ~0, and a / in a "
      "key "
      "~1\n");
  EXPECT_EQ(
      findings_of({capture({"push.employees.list", "push.unknown"}, {"/a"})}),
      "sluice.yaml:3:2: error: fields: \"/a\": no catalogue describes a body of \"push.employees.list\"\n"
      "sluice.yaml:3:2: error: fields: \"/a\": no catalogue describes a body of \"push.unknown\"\n");
  EXPECT_EQ(findings_of({capture({"securenvoy.users.update"}, {"/aliases", "/customAttributes/*", ""})}),
            "sluice.yaml:2:2: error: fields: \"/aliases\" is an object or a list in securenvoy.users.update, "
            "name the "
            "values in it, did you mean \"/aliases/*\"?\n"
            "sluice.yaml:3:2: error: fields: \"/customAttributes/*\" is an object or a list in "
            "securenvoy.users.update, name the values in it, did you mean \"/customattributes/*/id\"?\n"
            "sluice.yaml:4:2: error: fields: \"\" is an object or a list in securenvoy.users.update, name "
            "the values "
            "in it\n");
}

TEST(CaptureConfiguration, RefusesCredentialsAndWhatIsInThem) {
  EXPECT_EQ(
      findings_of({capture({"securenvoy.users.update"}, {"/password", "/PassWord"}, true)}),
      "sluice.yaml:2:2: error: fields: \"/password\" is a credential in securenvoy.users.update: none is "
      "captured\n"
      "sluice.yaml:3:2: error: fields: \"/PassWord\" is a credential in securenvoy.users.update: none is "
      "captured\n");
  EXPECT_EQ(
      findings_of({capture({"securenvoy.*.*"}, {"/firstFactor/type", "/firstFactor/data/x", "/password"})}),
      "sluice.yaml:2:2: error: fields: \"/firstFactor/type\" is a credential in every operation of "
      "\"securenvoy.*.*\" that has it: none is captured\n"
      "sluice.yaml:3:2: error: fields: \"/firstFactor/data/x\" is a credential in every operation of "
      "\"securenvoy.*.*\" that has it: none is captured\n"
      "sluice.yaml:4:2: error: fields: \"/password\" is a credential in every operation of "
      "\"securenvoy.*.*\" "
      "that has it: none is captured\n");
}

TEST(CaptureConfiguration, TakesAFieldOnceAndSaysSo) {
  EXPECT_EQ(
      findings_of({capture({"push.employees.*", "push.*"}, {"/group"}), capture({"push.*"}, {"/group"})}),
      "");
  EXPECT_EQ(findings_of({capture({"push.employees.*"}, {"/group"}),
                         capture({"push.employees.groups.add"}, {"/group"}, true)}),
            "sluice.yaml:2:2: error: fields: \"/group\" of push.employees.groups.add is captured already by "
            "\"/group\", "
            "write each field once, with or without hash\n");
  EXPECT_EQ(findings_of(
                {capture({"push.employees.merge"}, {"/secondaryEmployeeIds/*", "/secondaryEmployeeIds/0"})}),
            "sluice.yaml:3:2: error: fields: \"/secondaryEmployeeIds/0\" of push.employees.merge is captured "
            "already by "
            "\"/secondaryEmployeeIds/*\", write each field once, with or without hash\n");
}

// Two operations of which one calls the field a credential.
CompiledPolicy two_operations(const Config& config) {
  std::vector<Catalogue> catalogues(1);
  for (const bool secret : {false, true}) {
    Operation& operation = catalogues[0].operations.emplace_back();
    operation.id = secret ? "a.secret" : "a.plain";
    operation.body.emplace().type = BodySchema::Type::kObject;
    BodySchema::Property key{"key", {}, {}};
    if (secret) key.tags = {"credential-write"};
    operation.body->properties.push_back(key);
  }
  return CompiledPolicy(config, std::move(catalogues));
}

TEST(Capture, LeavesOutWhatOneOperationOfTheRequestCallsACredential) {
  Config config;
  config.apis.emplace_back().name = "a";
  CompiledPolicy policy = two_operations(config);
  compile_rules({}, policy);
  Findings findings;
  ASSERT_TRUE(compile_captures({capture({"a.*"}, {"/key"})}, policy, findings));
  EXPECT_EQ(policy.apis[0].operations[0].captures.size(), 1U);
  EXPECT_EQ(policy.apis[0].operations[1].captures.size(), 0U) << "the pattern passes over the credential";
  const JsonValue body = *parse_json_strictly(R"({"key":"k"})", false);
  Target target;
  target.fits.push_back({policy.operation(0), 0, 0, 0});
  Decision alone, both;
  capture_fields(policy, target, body, alone);
  EXPECT_EQ(alone.fields.size(), 1U);
  target.fits.push_back({policy.operation(1), 1, 0, 0});
  capture_fields(policy, target, body, both);
  EXPECT_THAT(both.fields, IsEmpty());
}

TEST(Capture, HashesWhatOneOperationOfTheRequestWantsHashed) {
  Config config;
  config.apis.emplace_back().name = "a";
  std::vector<Catalogue> catalogues(1);
  for (const char* id : {"a.plain", "a.hashed"}) {
    Operation& operation = catalogues[0].operations.emplace_back();
    operation.id = id;
    operation.body.emplace().type = BodySchema::Type::kObject;
    operation.body->properties.push_back({"key", {}, {}});
  }
  CompiledPolicy policy(config, std::move(catalogues));
  compile_rules({}, policy);
  Findings findings;
  ASSERT_TRUE(compile_captures({capture({"a.plain"}, {"/key"}), capture({"a.hashed"}, {"/key"}, true)},
                               policy, findings));
  const JsonValue body = *parse_json_strictly("{\"key\":\"" + std::string(300, 'k') + "\"}", false);
  for (const bool hashed_first : {false, true}) {
    Target target;
    for (const size_t slot : {hashed_first ? size_t{1} : size_t{0}, hashed_first ? size_t{0} : size_t{1}})
      target.fits.push_back({policy.operation(slot), slot, 0, 0});
    Decision decision;
    capture_fields(policy, target, body, decision);
    ASSERT_EQ(decision.fields.size(), 1U);
    EXPECT_TRUE(decision.fields[0].hash && !decision.fields[0].cut);
    EXPECT_EQ(decision.fields[0].text.size(), 300U) << "a hash is of all of it";
  }
}

TEST(SchemaPlace, OfferedForCaptureIsNeverACredential) {
  const PolicyUnderTest policy(kPolicy);
  size_t places = 0;
  for (const size_t api : {0, 1}) {
    for (const Operation& operation : policy.engine->catalogue(api).operations) {
      if (!operation.body) continue;
      for (const std::string& place : value_places(*operation.body)) {
        const auto pointer = JsonPointer::parse(place, api == 1);
        EXPECT_EQ(find_place(*operation.body, pointer->segments()), SchemaPlace::kValue) << place;
        for (const char* word : {"password", "firstfactor", "secondfactor/"})
          EXPECT_EQ(place.find(word), std::string::npos) << place;
        ++places;
      }
    }
  }
  EXPECT_GT(places, 60U);
}

}  // namespace
}  // namespace sluice
