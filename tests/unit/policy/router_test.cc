#include "policy/router.h"

#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace sluice {
namespace {

std::vector<std::string> fits(size_t api, const std::string& method, const std::string& path,
                              bool leniently = false) {
  static const Config config = policy_test_config();
  static const std::vector<Catalogue> catalogues = policy_test_catalogues(config);
  const Catalogue& catalogue = catalogues[api];
  std::vector<std::string> found;
  Target target;
  EXPECT_TRUE(decode_path(path, catalogue.case_insensitive, target.path));
  const Router router(catalogue.operations, 0);
  router.find(method, target);
  if (leniently) router.find_leniently(method, target);
  for (const Target::Fit& fit : target.fits) {
    std::string text = fit.operation->id;
    for (const Parameter& parameter : target.parameters_of(fit))
      text += " " + std::string(parameter.name) + "=" + std::string(parameter.value);
    found.push_back(text);
  }
  return found;
}

using Texts = std::vector<std::string>;
const std::string kBase = "/api/user/restapi";

TEST(Router, FindsEveryOperationThatFits) {
  EXPECT_EQ(
      fits(1, "GET", kBase + "/users/username/groups"),
      (Texts{"securenvoy.users.groups userId=username", "securenvoy.users.get-by-username username=groups"}));
}

TEST(Router, ReadsHeadAsGet) { EXPECT_EQ(fits(0, "HEAD", "/v1/employees"), Texts{"push.employees.list"}); }

TEST(Router, TellsMethodsApart) {
  EXPECT_EQ(fits(0, "POST", "/v1/employees"), Texts{});
  EXPECT_EQ(fits(0, "get", "/v1/employees"), Texts{});
  EXPECT_EQ(fits(0, "DELETE", "/v1/employees/e1/groups"), Texts{"push.employees.groups.remove id=e1"});
}

TEST(Router, FoldsLiteralsOfACaseInsensitiveApiButNotParameters) {
  EXPECT_EQ(fits(1, "GET", "/API/User/restapi/USERS/Jo"), Texts{"securenvoy.users.get userId=Jo"});
  EXPECT_EQ(fits(0, "GET", "/V1/employees"), Texts{});
}

TEST(Router, AParameterNeverMatchesAnEmptySegment) {
  EXPECT_EQ(fits(1, "GET", kBase + "/users/"), Texts{});
  EXPECT_EQ(fits(1, "GET", kBase + "/users/u1/"), Texts{});
}

TEST(Router, DecodesParameters) {
  EXPECT_EQ(fits(1, "GET", kBase + "/users/a%20b"), Texts{"securenvoy.users.get userId=a b"});
}

TEST(Router, FindsWhatALenientServerWouldAsWell) {
  const Texts merge{"push.employees.merge id=e1"};
  for (const char* path : {"/v1/employees/e1/merge", "/v1/employees/e1/merge/", "/V1/Employees/e1/MERGE",
                           "/v1/employees;a/e1/merge;b", "/v1/employees/e1/merge.json"}) {
    EXPECT_EQ(fits(0, "POST", path, true), merge) << path;
  }
  EXPECT_EQ(fits(1, "GET", kBase + "/users/u1.", true),
            (Texts{"securenvoy.users.get userId=u1.", "securenvoy.users.get userId=u1"}));
  EXPECT_EQ(fits(1, "GET", kBase + "/Users/u1", true), Texts{"securenvoy.users.get userId=u1"});
  EXPECT_EQ(fits(1, "DELETE", kBase + "/users/", true), Texts{});
}

TEST(Router, KnowsWhetherAnotherMethodChangesSomethingThere) {
  const Config config = policy_test_config();
  const std::vector<Catalogue> catalogues = policy_test_catalogues(config);
  const Router router(catalogues[1].operations, 0);
  EXPECT_TRUE(router.has_other_method("POST", *decode_path(kBase + "/USERS/u1;x", true)));
  EXPECT_FALSE(router.has_other_method("POST", *decode_path(kBase + "/applications", true))) << "only a read";
  EXPECT_FALSE(router.has_other_method("POST", *decode_path("/a/b/c/d/e/f/g/h/i/j", true)));
}

TEST(Router, FindsNothingForPathsOfOtherLengths) {
  EXPECT_EQ(fits(0, "GET", "/"), Texts{});
  EXPECT_EQ(fits(0, "GET", "/a/b/c/d/e/f/g/h/i/j/k"), Texts{});
}

}  // namespace
}  // namespace sluice
