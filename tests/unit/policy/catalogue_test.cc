#include "policy/catalogue/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>

namespace sluice {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A catalogue file that lives as long as the test.
class CatalogueFile {
 public:
  explicit CatalogueFile(const std::string& text)
      : path_(testing::TempDir() + "sluice-catalogue-" + std::to_string(getpid()) + "-" +
              std::to_string(next_++) + ".yaml") {
    std::ofstream(path_) << text;
  }
  ~CatalogueFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  static inline int next_ = 0;
  std::string path_;
};

struct Loaded {
  std::optional<Catalogue> catalogue;
  std::vector<std::string> messages;
};

Loaded load(const std::string& reference, const std::string& name) {
  Findings findings;
  Loaded loaded{load_catalogue(reference, name, {"sluice.yaml", 3, 5}, findings), {}};
  for (const Finding& finding : findings.all()) {
    std::string text = to_text(finding);
    const size_t slash = text.rfind('/', text.find(".yaml"));
    loaded.messages.push_back(slash == std::string::npos ? text : text.substr(slash + 1));
  }
  return loaded;
}

Loaded load_text(const std::string& text) { return load(CatalogueFile(text).path(), "api"); }

// A whole catalogue around the lines of one operation.
std::string with_operation(const std::string& lines, const std::string& head = "") {
  return "api: acme\ncredential: { header: x-key, value: \"{key}\" }\n" + head + "operations:\n" + lines;
}

void expect_refused(const std::string& text, const char* because) {
  const Loaded loaded = load_text(text);
  EXPECT_FALSE(loaded.catalogue.has_value()) << text;
  EXPECT_THAT(loaded.messages, Contains(HasSubstr(because))) << text;
}

const Operation& find(const Catalogue& catalogue, std::string_view id) {
  static const Operation kNone;
  for (const Operation& operation : catalogue.operations) {
    if (operation.id == id) return operation;
  }
  ADD_FAILURE() << "no operation " << id;
  return kNone;
}

std::set<std::string> ids_with_tag(const Catalogue& catalogue, std::string_view tag) {
  std::set<std::string> ids;
  for (const Operation& operation : catalogue.operations) {
    if (operation.has_tag(tag)) ids.insert(operation.id.substr(catalogue.api.size() + 1));
  }
  return ids;
}

std::vector<std::string> tagged_members(const Operation& operation) {
  std::vector<std::string> names;
  if (!operation.body) return names;
  for (const BodySchema::Property& property : operation.body->properties) {
    if (!property.tags.empty()) names.push_back(property.name);
  }
  return names;
}

Catalogue built_in(const std::string& name) {
  Loaded loaded = load(name, name);
  EXPECT_THAT(loaded.messages, IsEmpty());
  return loaded.catalogue ? *std::move(loaded.catalogue) : Catalogue{};
}

TEST(BuiltInCatalogue, PushKnowsTheSeedsOperationsAndThePublicOnes) {
  const Catalogue push = built_in("push");
  std::set<std::string> seed;
  std::set<std::string> other;
  for (const Operation& operation : push.operations)
    (operation.source == "seed" ? seed : other).insert(operation.id);
  EXPECT_THAT(seed, UnorderedElementsAre("push.employees.groups.add", "push.employees.groups.remove",
                                         "push.employees.merge"));
  EXPECT_THAT(other, UnorderedElementsAre("push.accounts.list", "push.apps.list", "push.apps.update",
                                          "push.browsers.list", "push.browser-extensions.list",
                                          "push.detections.list", "push.detections.get",
                                          "push.employees.list", "push.findings.list"));
  EXPECT_EQ(push.credential_header, "x-api-key");
  EXPECT_EQ(push.credential_value, "{key}");
  EXPECT_EQ(push.limit.rate, 10);
  EXPECT_EQ(push.limit.burst, 10);
  EXPECT_FALSE(push.case_insensitive);
}

TEST(BuiltInCatalogue, MergeTakesOneToFiveSecondaries) {
  const Operation merge = find(built_in("push"), "push.employees.merge");
  EXPECT_EQ(merge.method, "POST");
  EXPECT_EQ(merge.access, Access::kWrite);
  EXPECT_THAT(merge.tags, UnorderedElementsAre("irreversible", "bulk", "pii"));
  EXPECT_TRUE(merge.body_required);
  EXPECT_THAT(merge.body->required, ElementsAre("secondaryEmployeeIds"));
  const BodySchema& ids = merge.body->properties.at(0).schema;
  EXPECT_EQ(ids.type, BodySchema::Type::kArray);
  EXPECT_EQ(ids.min_items, 1U);
  EXPECT_EQ(ids.max_items, 5U);
  EXPECT_EQ(ids.items.at(0).type, BodySchema::Type::kString);
  EXPECT_THAT(merge.targets, ElementsAre("/secondaryEmployeeIds/*"));
  ASSERT_EQ(merge.segments.size(), 4U);
  EXPECT_TRUE(merge.segments[2].parameter);
  EXPECT_EQ(merge.segments[2].text, "id");
  EXPECT_EQ(merge.segments[3].text, "merge");
}

TEST(BuiltInCatalogue, RemovingAPushGroupIsADeleteWithARequiredBody) {
  const Operation remove = find(built_in("push"), "push.employees.groups.remove");
  EXPECT_EQ(remove.method, "DELETE");
  EXPECT_TRUE(remove.body_required);
  EXPECT_THAT(remove.body->required, ElementsAre("group"));
  EXPECT_THAT(remove.tags, ElementsAre("membership"));
}

TEST(BuiltInCatalogue, SecurEnvoyKnowsAllTwentyEightOperations) {
  const Catalogue securenvoy = built_in("securenvoy");
  std::vector<std::string> routes;
  for (const Operation& operation : securenvoy.operations) {
    EXPECT_EQ(operation.source, "seed");
    EXPECT_EQ(operation.access, operation.method == "GET" ? Access::kRead : Access::kWrite) << operation.id;
    routes.push_back(operation.id.substr(11) + " " + operation.method + " " + operation.path);
  }
  EXPECT_THAT(
      routes,
      UnorderedElementsAre(
          "users.list GET /users", "users.get GET /users/{userId}", "users.groups GET /users/{userId}/groups",
          "users.applications GET /users/{userId}/applications",
          "users.get-by-username GET /users/username/{username}", "users.create POST /users",
          "users.assign-groups POST /users/{userId}/assigngroups",
          "users.remove-groups POST /users/{userId}/removegroups",
          "users.assign-applications POST /users/{userId}/assignapplications",
          "users.remove-applications POST /users/{userId}/removeapplications",
          "users.update PUT /users/{userId}", "users.delete DELETE /users/{userId}",
          "users.delete-by-username DELETE /users/username/{username}",
          "credentials.get GET /credentials/{userId}", "credentials.set POST /credentials/{userId}",
          "credentials.set-password POST /credentials/setpassword/{userId}", "groups.list GET /groups",
          "groups.get GET /groups/{groupId}", "groups.users GET /groups/{groupId}/users",
          "groups.create POST /groups", "groups.assign-users POST /groups/{groupId}/assignusers",
          "groups.remove-users POST /groups/{groupId}/removeusers", "groups.update PUT /groups/{groupId}",
          "groups.delete DELETE /groups/{groupId}", "applications.list GET /applications",
          "applications.users GET /applications/{applicationId}/users",
          "applications.assign-users POST /applications/{applicationId}/assignusers",
          "applications.remove-users POST /applications/{applicationId}/removeusers"));
  EXPECT_TRUE(securenvoy.case_insensitive);
  EXPECT_EQ(securenvoy.base_path, "/api/user/restapi");
  EXPECT_EQ(securenvoy.credential_value, "Bearer {key}");
}

TEST(BuiltInCatalogue, TagsOperationsAsThePolicyReferenceSays) {
  const Catalogue securenvoy = built_in("securenvoy");
  EXPECT_THAT(ids_with_tag(securenvoy, "credential-read"), ElementsAre("credentials.get"));
  EXPECT_THAT(ids_with_tag(securenvoy, "credential-write"),
              UnorderedElementsAre("credentials.set", "credentials.set-password"));
  const std::set<std::string> deletes{"users.delete", "users.delete-by-username", "groups.delete"};
  EXPECT_EQ(ids_with_tag(securenvoy, "destructive"), deletes);
  EXPECT_EQ(ids_with_tag(securenvoy, "irreversible"), deletes);
  EXPECT_EQ(ids_with_tag(securenvoy, "membership"), ids_with_tag(securenvoy, "bulk"));
  EXPECT_EQ(ids_with_tag(securenvoy, "bulk").size(), 8U);
  EXPECT_THAT(ids_with_tag(securenvoy, "pii"),
              UnorderedElementsAre("users.list", "users.get", "users.get-by-username", "groups.users",
                                   "applications.users"));
  const Catalogue push = built_in("push");
  EXPECT_THAT(ids_with_tag(push, "membership"),
              UnorderedElementsAre("employees.groups.add", "employees.groups.remove"));
  EXPECT_THAT(ids_with_tag(push, "bulk"), ElementsAre("employees.merge"));
}

TEST(BuiltInCatalogue, TagsTheBodyMembersThatHoldCredentials) {
  const Catalogue securenvoy = built_in("securenvoy");
  const auto password = UnorderedElementsAre("password", "autogeneratepassword", "mustchangepasswordonlogon");
  EXPECT_THAT(tagged_members(find(securenvoy, "securenvoy.users.create")), password);
  EXPECT_THAT(tagged_members(find(securenvoy, "securenvoy.users.update")), password);
  EXPECT_THAT(tagged_members(find(securenvoy, "securenvoy.credentials.set-password")), password);
  EXPECT_THAT(tagged_members(find(securenvoy, "securenvoy.credentials.set")),
              UnorderedElementsAre("firstfactor", "secondfactor"));
  EXPECT_EQ(find(securenvoy, "securenvoy.users.create").body->properties.size(), 27U);
  EXPECT_THAT(securenvoy.all_tags(),
              UnorderedElementsAre("pii", "credential-write", "credential-read", "membership", "bulk",
                                   "destructive", "irreversible"));
}

TEST(BuiltInCatalogue, AssignmentsAreTopLevelArraysOfTargets) {
  const Catalogue securenvoy = built_in("securenvoy");
  for (const char* id : {"users.assign-groups", "users.remove-groups", "users.assign-applications",
                         "users.remove-applications", "groups.assign-users", "groups.remove-users",
                         "applications.assign-users", "applications.remove-users"}) {
    const Operation& operation = find(securenvoy, "securenvoy." + std::string(id));
    ASSERT_TRUE(operation.body.has_value()) << id;
    EXPECT_EQ(operation.body->type, BodySchema::Type::kArray) << id;
    EXPECT_EQ(operation.body->items.at(0).type, BodySchema::Type::kString) << id;
    EXPECT_THAT(operation.targets, ElementsAre("/*")) << id;
  }
}

TEST(Catalogue, PrefixesIdsWithTheNameTheConfigurationGivesTheApi) {
  const Loaded loaded = load("push", "push-eu");
  EXPECT_EQ(loaded.catalogue->api, "push-eu");
  find(*loaded.catalogue, "push-eu.employees.merge");
}

TEST(Catalogue, ReadsATeamsOwnApi) {
  const Loaded loaded = load_text(with_operation(
      "  - id: things.search\n    method: POST\n    path: /Things/{thing_id}/Search\n    access: read\n"
      "    body: { type: object, required: [Query], properties: { Query: { type: string, maxLength: 9, enum: "
      "[a, b] } } }\n"
      "  - { id: things.drop, method: DELETE, path: /things/, tags: [destructive], source: public }\n",
      "limit: { rate: 0.5, burst: 3 }\ncase_insensitive: true\nbase_path: /API/v2\n"));
  ASSERT_TRUE(loaded.catalogue.has_value()) << testing::PrintToString(loaded.messages);
  const Operation& search = find(*loaded.catalogue, "api.things.search");
  std::vector<std::string> segments;
  for (const PathSegment& segment : search.segments)
    segments.push_back((segment.parameter ? ":" : "") + segment.text);
  EXPECT_THAT(segments, ElementsAre("api", "v2", "things", ":thing_id", "search"));
  EXPECT_EQ(search.access, Access::kRead);
  EXPECT_TRUE(search.body_required);
  EXPECT_EQ(search.source, "inferred");
  EXPECT_THAT(search.body->required, ElementsAre("query"));
  EXPECT_EQ(search.body->properties.at(0).schema.max_length, 9U);
  EXPECT_THAT(search.body->properties.at(0).schema.enumeration, ElementsAre("a", "b"));
  const Operation& drop = find(*loaded.catalogue, "api.things.drop");
  EXPECT_EQ(drop.access, Access::kWrite);
  EXPECT_EQ(drop.segments.back().text, "");
  EXPECT_EQ(loaded.catalogue->limit.rate, 0.5);
}

TEST(Catalogue, AddsATeamsOperationsToABuiltInOne) {
  const Loaded loaded = load_text(
      "extends: push\noperations:\n  - { id: url-blocking.list, method: GET, path: /v1/blockedUrls }\n");
  ASSERT_TRUE(loaded.catalogue.has_value()) << testing::PrintToString(loaded.messages);
  EXPECT_EQ(loaded.catalogue->operations.size(), built_in("push").operations.size() + 1);
  EXPECT_EQ(find(*loaded.catalogue, "api.url-blocking.list").access, Access::kRead);
  find(*loaded.catalogue, "api.employees.merge");
  EXPECT_EQ(loaded.catalogue->credential_header, "x-api-key");
}

TEST(Catalogue, AnOperationsMethodIsOneThatTheGateServes) {
  const auto with_method = [](const std::string& method) {
    return "extends: push\noperations:\n  - { id: mine, method: " + method + ", path: /mine }\n";
  };
  for (const char* method : {"CONNECT", "TRACE", "FOO", "get", "\"\""})
    expect_refused(with_method(method), ".yaml:3:25: error: method");
  EXPECT_TRUE(load_text(with_method("PROPFIND")).catalogue.has_value());
}

TEST(Catalogue, AnExtensionCannotRedefineOrOverlapTheBuiltInOne) {
  expect_refused("extends: push\noperations:\n  - { id: employees.merge, method: POST, path: /v1/other }\n",
                 ".yaml:3:11: error: operation \"employees.merge\" is defined twice");
  expect_refused(
      "extends: push\noperations:\n  - { id: mine, method: POST, path: \"/v1/employees/{other}/merge\" }\n",
      "is an operation already");
  expect_refused("extends: securenvoy\noperations:\n  - { id: mine, method: GET, path: /USERS }\n",
                 "is an operation already");
  expect_refused("extends: push\ncase_insensitive: true\noperations: []\n",
                 "unknown key \"case_insensitive\"");
  expect_refused(
      "extends: pusj\noperations: []\n",
      ":1:10: error: extends names \"pusj\", expected one of: push, securenvoy, did you mean \"push\"?");
}

// It would be push.push.url-blocking.list, which no rule names.
TEST(Catalogue, AnExtensionsIdsDoNotBeginWithTheApi) {
  expect_refused(
      "extends: push\noperations:\n  - { id: push.url-blocking.list, method: GET, path: /v1/blockedUrls }\n",
      ".yaml:3:11: error: id \"push.url-blocking.list\" begins with the API's name, which is put in front: "
      "write "
      "\"url-blocking.list\"");
}

TEST(Catalogue, ReportsEveryMistakeWithItsPlaceInOneRun) {
  const Loaded loaded = load_text(
      "api: acme\n"
      "credential: { header: \"x key\", value: none }\n"
      "limit: { rate: 0, burst: 0.5 }\n"
      "base_path: /x/\n"
      "operations:\n"
      "  - { id: Bad.Id, method: get, path: things, acess: read }\n"
      "  - { id: a, method: GET, path: /a, access: maybe, source: mine, tags: [Bad Tag] }\n");
  EXPECT_FALSE(loaded.catalogue.has_value());
  for (const char* expected :
       {":2:23: error: credential.header", ":2:39: error: credential.value", ":3:8: error: limit.rate",
        ":3:8: error: limit.burst", ":4:12: error: path \"/x/\"", ":6:11: error: id \"Bad.Id\"",
        ":6:27: error: method", ":6:38: error: path \"things\": it has to start with /",
        "did you mean \"access\"?", "access", "source", ":7:72: error: tag \"Bad Tag\""}) {
    EXPECT_THAT(loaded.messages, Contains(HasSubstr(expected)));
  }
}

TEST(Catalogue, RefusesIdsThatPatternsCouldMisread) {
  for (const char* id : {"\"\"", "a..b", ".a", "a.", "a_b", "A", "\"a b\"", "\"*\"", "é"}) {
    expect_refused(with_operation("  - { id: " + std::string(id) + ", method: GET, path: /a }\n"),
                   "has to be dotted segments");
  }
  expect_refused(with_operation("  - { id: unknown, method: GET, path: /a }\n"), "fit no operation");
}

TEST(Catalogue, RefusesTemplatesWithMoreThanOneReading) {
  const auto with_path = [](const std::string& path) {
    return with_operation("  - { id: a, method: GET, path: \"" + path + "\" }\n");
  };
  for (const char* path : {"",     "a",     "//a",     "/a//b", "/a/../b", "/./a",     "/a%2fb",
                           "/a?b", "/a#b",  "/a\\\\b", "/a b",  "/*",      "/a/**",    "/{a",
                           "/a}",  "/x{a}", "/{a}{b}", "/{}",   "/{a b}",  "/{a}/{a}", "/{a.b}"}) {
    expect_refused(with_path(path), "path \"");
  }
  expect_refused(with_operation("  - { id: a, method: GET, path: /a }\n", "base_path: \"/{tenant}\"\n"),
                 "no parameters");
}

TEST(Catalogue, RefusesTwoNamesForOneRequest) {
  expect_refused(
      with_operation(
          "  - { id: a, method: GET, path: \"/x/{a}\" }\n  - { id: b, method: GET, path: \"/x/{b}\" }\n"),
      ":5:5: error: GET /x/{b} is an operation already");
  expect_refused(
      with_operation("  - { id: a, method: GET, path: /x }\n  - { id: a, method: PUT, path: /x }\n"),
      ":5:11: error: operation \"a\" is defined twice");
  EXPECT_TRUE(load_text(with_operation(
                            "  - { id: a, method: GET, path: /x }\n  - { id: b, method: GET, path: /X }\n"))
                  .catalogue.has_value());
  expect_refused(
      with_operation("  - { id: a, method: GET, path: /x }\n  - { id: b, method: GET, path: /X }\n",
                     "case_insensitive: true\n"),
      "is an operation already");
}

TEST(Catalogue, RefusesSchemaKeywordsThatWouldCheckNothing) {
  const auto with_body = [](const std::string& body) {
    return with_operation("  - { id: a, method: POST, path: /a, body: " + body + " }\n",
                          "case_insensitive: true\n");
  };
  expect_refused(with_body("{ type: object, additionalProperties: false }"),
                 "unknown key \"additionalProperties\"");
  expect_refused(with_body("{ type: strin }"), "unknown value \"strin\"");
  expect_refused(with_body("{ type: string, maxItems: 3 }"),
                 "maxItems stands only in a schema with type: array");
  expect_refused(with_body("{ properties: { a: { type: string } } }"),
                 "properties stands only in a schema with type: object");
  expect_refused(with_body("{ type: array, minItems: 3, maxItems: 2 }"), "maxItems is less than minItems");
  expect_refused(with_body("{ type: array, maxItems: -1 }"), "0 or more");
  expect_refused(with_body("{ type: array, maxItems: \"3\" }"), "a whole number");
  expect_refused(with_body("{ type: object, required: [b], properties: { a: { type: string } } }"),
                 "required names \"b\"");
  expect_refused(
      with_body(
          "{ type: object, properties: { key: { type: string }, \"\xE2\x84\xAA\x45Y\": { type: string } } }"),
      "stands twice");
  expect_refused(with_body("{ type: object, properties: { a: { type: string, tags: [X] } } }"), "tag \"X\"");
  expect_refused(with_body("{ type: object, tags: [x] }"), "unknown key \"tags\"");
  expect_refused(with_body("{ type: object, properties: [a] }"), "properties has to be a map");
  expect_refused(with_body("{ type: string, enum: [] }"), "enum allows nothing");
  expect_refused(with_body("[]"), "a map");
  std::string deep = "{ type: string }";
  for (int i = 0; i < 20; ++i) deep = "{ type: array, items: " + deep + " }";
  EXPECT_FALSE(load_text(with_body(deep)).catalogue.has_value());
}

TEST(Catalogue, RefusesBodyClaimsWithoutABody) {
  const auto with = [](const std::string& keys) {
    return with_operation("  - { id: a, method: POST, path: /a, " + keys + " }\n");
  };
  expect_refused(with("body_required: true"), "body_required stands only beside body");
  expect_refused(with("targets: [/a]"), "describe it in body");
  expect_refused(with("body: { type: array }, targets: [a]"), "starts with /");
  expect_refused(
      with(
          "body: { type: object, required: [a], properties: { a: { type: string } } }, body_required: false"),
      "required members");
}

TEST(Catalogue, RefusesACredentialTemplateThatDoesNotCarryTheKeyOnce) {
  for (const char* value :
       {"\"\"", "Bearer", "\"{key}{key}\"", "\"{key} {base64:key}\"", "\"{KEY}\"", "\"{key}\\r\\nX: y\""}) {
    expect_refused("api: a\ncredential: { header: x, value: " + std::string(value) + " }\noperations: []\n",
                   "{key} or {base64:key} once");
  }
  EXPECT_TRUE(load_text("api: a\ncredential: { header: x, value: \"APIKEY {base64:key}\" }\noperations: []\n")
                  .catalogue.has_value());
}

TEST(Catalogue, RefusesAFileThatIsNotACatalogue) {
  expect_refused("[]", "a map");
  expect_refused("{}", "missing key \"operations\"");
  expect_refused("api: a\noperations: []\n", "missing key \"credential\"");
  expect_refused("api: a\ncredential: { header: x, value: \"{key}\" }\noperations: {}\n",
                 "operations has to be a list");
  expect_refused("api: a\napi: b\ncredential: { header: x, value: \"{key}\" }\noperations: []\n",
                 "duplicate key \"api\"");
  EXPECT_FALSE(load_text("a: [").catalogue.has_value());
  EXPECT_FALSE(load_text("").catalogue.has_value());
}

TEST(Catalogue, SaysWhereTheConfigurationNamesAFileThatIsNotThere) {
  const Loaded loaded = load("pussh", "push");
  EXPECT_FALSE(loaded.catalogue.has_value());
  ASSERT_EQ(loaded.messages.size(), 1U);
  EXPECT_THAT(loaded.messages[0],
              HasSubstr("sluice.yaml:3:5: error: catalogue is neither built in nor a readable file"));
  EXPECT_THAT(loaded.messages[0], HasSubstr("did you mean \"push\"?"));
}

TEST(Catalogue, ListsTheBuiltInOnes) {
  EXPECT_THAT(built_in_catalogue_names(), ElementsAre("push", "securenvoy"));
  EXPECT_EQ(built_in_catalogue("nothing"), "");
}

}  // namespace
}  // namespace sluice
