#include "policy/router.h"

#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace sluice {
namespace {

std::vector<std::string> fits(size_t api, const std::string& method, const std::string& path) {
  static const Config config = policy_test_config();
  static const std::vector<Catalogue> catalogues = policy_test_catalogues(config);
  const Catalogue& catalogue = catalogues[api];
  std::vector<std::string> found;
  Target target;
  EXPECT_TRUE(decode_path(path, catalogue.case_insensitive, target.path));
  Router(catalogue.operations, 0).find(method, target);
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

TEST(Router, FindsNothingForPathsOfOtherLengths) {
  EXPECT_EQ(fits(0, "GET", "/"), Texts{});
  EXPECT_EQ(fits(0, "GET", "/a/b/c/d/e/f/g/h/i/j/k"), Texts{});
}

}  // namespace
}  // namespace sluice
