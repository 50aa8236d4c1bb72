#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/catalogue/catalogue.h"
#include "tests/unit/proxy/simulator_requests.h"

namespace sluice {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SecurenvoySimulator : public testing::Test {
 protected:
  Asked tenant_{make_securenvoy_simulator({0, 10, {}, {}}), "/api/user/restapi"};
};

TEST_F(SecurenvoySimulator, ServesEveryOperationOfTheCatalogue) {
  Findings findings;
  const auto catalogue = load_catalogue("securenvoy", "securenvoy", {}, findings);
  for (const Operation& operation : catalogue->operations) {
    std::string path = operation.path;
    if (const size_t open = path.find('{'); open != std::string::npos)
      path.replace(open, path.find('}') + 1 - open, "none");
    EXPECT_THAT(tenant_.raw(operation.method, path, "{}").body, Not(HasSubstr("No such endpoint")))
        << operation.id;
  }
  EXPECT_EQ(tenant_.ask(404, "GET", "/applications/a1")["message"], "No such endpoint");
}

TEST_F(SecurenvoySimulator, CreatesUpdatesAndDeletesUsersWithoutEverShowingAPassword) {
  const json created = tenant_.ask(
      201, "POST", "/users",
      R"({"Username":"ada","email":"ada@example.com","password":"hunter2","sendEmail":true,"aliases":["a"]})");
  EXPECT_EQ(created["id"], "u10");
  EXPECT_EQ(created["username"], "ada");
  const json updated = tenant_.ask(200, "PUT", "/users/u10",
                                   R"({"CITY":"London","PassWord":"hunter3","email":null,"extra":1})");
  EXPECT_EQ(updated["city"], "London");
  EXPECT_EQ(updated["email"], "ada@example.com");
  for (const char* target :
       {"/users/u10", "/users/username/ADA", "/credentials/u10", "/users?username=ada"}) {
    const std::string body = tenant_.raw("GET", target).body;
    EXPECT_THAT(body, HasSubstr("u10")) << target;
    EXPECT_THAT(body, Not(HasSubstr("hunter"))) << target;
    EXPECT_THAT(body, Not(HasSubstr("extra"))) << target;
  }
  tenant_.ask(200, "POST", "/users/u10/assigngroups", R"(["g2"])");
  EXPECT_EQ(tenant_.raw("DELETE", "/users/u10").status, 204);
  EXPECT_EQ(tenant_.raw("DELETE", "/users/u10").body, R"({"message":"user not found"})");
  EXPECT_THAT(tenant_.ids("/groups/g2/users"), ElementsAre("u1", "u4", "u6"));
  EXPECT_EQ(tenant_.ask(201, "POST", "/users", R"({"username":"bob"})")["id"], "u11");
}

TEST_F(SecurenvoySimulator, RefusesABadUser) {
  for (const char* body : {"", "[]", "{}", R"({"username":""})", R"({"username":1})",
                           R"({"username":"x","isLocked":"yes"})", R"({"username":"x","aliases":[1]})",
                           R"({"username":"John.Hill"})", R"({"username":"x","password":1})"}) {
    tenant_.ask(400, "POST", "/users", body);
  }
  tenant_.ask(400, "PUT", "/users/u1", R"({"username":"amara.okafor"})");
  tenant_.ask(200, "PUT", "/users/u1", R"({"username":"JOHN.HILL"})");
  tenant_.ask(404, "PUT", "/users/u99", "{}");
  EXPECT_EQ(tenant_.ids("/users").size(), 9U);
}

TEST_F(SecurenvoySimulator, DeletesByUsername) {
  EXPECT_EQ(tenant_.raw("DELETE", "/users/username/wei.chen").status, 204);
  tenant_.ask(404, "GET", "/users/u4");
  tenant_.ask(404, "DELETE", "/users/username/wei.chen");
  EXPECT_THAT(tenant_.ids("/applications/a1/users"), ElementsAre("u1", "u6"));
}

TEST_F(SecurenvoySimulator, ChangesMembershipsFromEitherSide) {
  const auto names_of = [](const json& list) {
    std::vector<std::string> ids;
    for (const auto& item : list) ids.push_back(item.at("id"));
    return ids;
  };
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/users/u3/assigngroups", R"(["g2","g3","g2"])")),
              ElementsAre("g1", "g2", "g3"));
  EXPECT_THAT(tenant_.ids("/users/u3/groups"), ElementsAre("g1", "g2", "g3"));
  EXPECT_THAT(tenant_.ids("/groups/g3/users"), ElementsAre("u2", "u3"));
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/groups/g3/removeusers", R"(["u3"])")), ElementsAre("u2"));
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/users/u3/removegroups", R"(["g1"])")), ElementsAre("g2"));
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/groups/g4/assignusers", R"(["u3"])")),
              ElementsAre("u3", "u4"));
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/users/u3/assignapplications", R"(["a3"])")),
              ElementsAre("a2", "a3", "a4"));
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/users/u3/removeapplications", R"(["a2"])")),
              ElementsAre("a3", "a4"));
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/applications/a3/removeusers", R"(["u2"])")),
              ElementsAre("u3"));
  EXPECT_THAT(names_of(tenant_.ask(200, "POST", "/applications/a3/assignusers", R"(["u1"])")),
              ElementsAre("u1", "u3"));
  EXPECT_THAT(tenant_.ids("/users/u3/applications"), ElementsAre("a3", "a4"));
}

TEST_F(SecurenvoySimulator, ChangesAllMembershipsOrNone) {
  EXPECT_EQ(tenant_.ask(404, "POST", "/users/u3/assigngroups", R"(["g2","g99"])")["message"],
            "group not found");
  EXPECT_EQ(tenant_.ask(404, "POST", "/groups/g2/assignusers", R"(["u99"])")["message"], "user not found");
  EXPECT_EQ(tenant_.ask(404, "POST", "/users/u99/assigngroups", R"(["g1"])")["message"], "user not found");
  EXPECT_EQ(tenant_.ask(404, "POST", "/applications/a99/assignusers", R"(["u1"])")["message"],
            "application not found");
  for (const char* body : {"", "{}", "[]", "[1]", "\"g1\"", R"({"ids":["g1"]})"})
    tenant_.ask(400, "POST", "/users/u3/assigngroups", body);
  EXPECT_THAT(tenant_.ids("/users/u3/groups"), ElementsAre("g1"));
}

TEST_F(SecurenvoySimulator, CreatesUpdatesAndDeletesGroups) {
  EXPECT_EQ(tenant_.ask(201, "POST", "/groups", R"({"name":"Night shift","enforceSecondFactor":true})")["id"],
            "g5");
  EXPECT_EQ(tenant_.ask(200, "PUT", "/groups/g5", R"({"description":"Owls"})")["name"], "Night shift");
  tenant_.ask(200, "POST", "/users/u1/assigngroups", R"(["g5"])");
  EXPECT_EQ(tenant_.raw("DELETE", "/groups/g5").status, 204);
  EXPECT_THAT(tenant_.ids("/users/u1/groups"), ElementsAre("g1", "g2"));
  tenant_.ask(404, "GET", "/groups/g5");
  tenant_.ask(400, "POST", "/groups", "{}");
  tenant_.ask(400, "PUT", "/groups/g1", R"({"name":""})");
  tenant_.ask(400, "PUT", "/groups/g1", R"({"enforceSecondFactor":"no"})");
}

TEST_F(SecurenvoySimulator, SetsFactorsAndShowsTheirKindsWithMadeUpData) {
  EXPECT_EQ(tenant_.ask(200, "GET", "/credentials/u1")["secondFactor"]["type"], "totp");
  const std::string answer =
      tenant_
          .raw(
              "POST", "/credentials/u1",
              R"({"id":"u1","FirstFactor":{"type":"pin","data":{"pin":"4711"}},"secondFactor":{"type":"totp","data":{},"remove":true}})")
          .body;
  EXPECT_THAT(answer, Not(HasSubstr("4711")));
  const json shown = tenant_.ask(200, "GET", "/credentials/u1");
  EXPECT_EQ(shown["firstFactor"]["type"], "pin");
  EXPECT_TRUE(shown["secondFactor"].is_null());
  EXPECT_THAT(shown.dump(), Not(HasSubstr("4711")));
  for (const char* body : {"", "[]", R"({"id":"u2"})", R"({"firstFactor":"password"})",
                           R"({"firstFactor":{}})", R"({"secondFactor":{"remove":"yes"}})"}) {
    tenant_.ask(400, "POST", "/credentials/u1", body);
  }
  tenant_.ask(404, "GET", "/credentials/u99");
}

TEST_F(SecurenvoySimulator, SetsAPassword) {
  EXPECT_THAT(tenant_.raw("POST", "/credentials/setpassword/u1", R"({"password":"hunter2"})").body,
              Not(HasSubstr("hunter2")));
  tenant_.ask(200, "POST", "/credentials/setpassword/u1", R"({"autoGeneratePassword":true})");
  for (const char* body :
       {"", "{}", R"({"password":""})", R"({"password":1})", R"({"autoGeneratePassword":false})"}) {
    tenant_.ask(400, "POST", "/credentials/setpassword/u1", body);
  }
  tenant_.ask(404, "POST", "/credentials/setpassword/u99", R"({"password":"x"})");
}

TEST_F(SecurenvoySimulator, SortsFiltersAndPages) {
  EXPECT_THAT(tenant_.ids("/users?pageSize=2&page=2"), ElementsAre("u3", "u4"));
  EXPECT_THAT(tenant_.ids("/users?PageSize=2&PAGE=5"), ElementsAre("u9"));
  EXPECT_THAT(tenant_.ids("/users?page=99"), IsEmpty());
  EXPECT_THAT(tenant_.ids("/users?page=18446744073709551615&pageSize=1000"), IsEmpty());
  EXPECT_THAT(tenant_.ids("/users?sort=lastName&sortOrder=desc&pageSize=2"), ElementsAre("u2", "u6"));
  EXPECT_THAT(tenant_.ids("/users?firstName=JOHN"), ElementsAre("u1"));
  EXPECT_THAT(tenant_.ids("/users?lastName=fern%C3%81ndez"), ElementsAre("u3"));
  EXPECT_THAT(tenant_.ids("/groups?description=who"), ElementsAre("g2", "g3", "g4"));
  EXPECT_THAT(tenant_.ids("/applications?label=mail"), ElementsAre("a2"));
  tenant_.ask(201, "POST", "/users", R"({"username":"tenth"})");
  EXPECT_EQ(tenant_.ids("/users").back(), "u10");
  for (const char* bad : {"page=0", "page=x", "pageSize=0", "pageSize=1001", "sortOrder=up"})
    tenant_.ask(400, "GET", std::string("/users?") + bad);
}

TEST_F(SecurenvoySimulator, ComparesPathsWithoutCaseButNotIds) {
  EXPECT_EQ(tenant_.ask(200, "GET", "/USERS/u1")["id"], "u1");
  tenant_.ask(404, "GET", "/users/U1");
  EXPECT_EQ(tenant_.ask(404, "GET", "/users/username/groups")["message"], "user not found");
}

}  // namespace
}  // namespace sluice
