#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "policy/catalogue/catalogue.h"
#include "tests/unit/proxy/simulator_requests.h"

namespace sluice {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PushSimulator : public testing::Test {
 protected:
  Asked push_{make_push_simulator({0, 10, {}, {}}), "/v1"};
};

TEST_F(PushSimulator, ServesEveryOperationOfTheCatalogue) {
  Findings findings;
  const auto catalogue = load_catalogue("push", "push", {}, findings);
  for (const Operation& operation : catalogue->operations) {
    std::string path = operation.path.substr(3);
    if (const size_t open = path.find('{'); open != std::string::npos)
      path.replace(open, path.find('}') + 1 - open, "none");
    const HttpResponse response = push_.raw(operation.method, path, "{}");
    EXPECT_NE(response.status, 403) << operation.id;
  }
}

TEST_F(PushSimulator, AnswersAnUnknownRouteLikeTheVendorsGateway) {
  for (const char* target : {"/nothing", "/employees/e1/merge", "/employees/", "/employees/e1/groups/x"}) {
    EXPECT_EQ(push_.ask(403, "GET", target)["message"], "Missing Authentication Token") << target;
  }
}

TEST_F(PushSimulator, MergesSecondariesIntoThePrimary) {
  const json merged = push_.ask(200, "POST", "/employees/e1/merge", R"({"secondaryEmployeeIds":["e8"]})");
  EXPECT_EQ(merged["id"], "e1");
  EXPECT_EQ(merged["knownEmails"], json({"john.hill@example.com", "jhill@example.com"}));
  EXPECT_EQ(merged["groups"], json({"engineering", "marketing", "contractors"}));
  EXPECT_THAT(push_.ids("/employees"), Not(testing::Contains("e8")));
  EXPECT_THAT(push_.ids("/accounts?employeeId=e1"), ElementsAre("c1", "c2", "c9"));
  EXPECT_THAT(push_.ids("/accounts?employeeId=e8"), IsEmpty());
  EXPECT_EQ(push_.ask(200, "GET", "/detections/d3")["employee"]["id"], "e1");
}

TEST_F(PushSimulator, RefusesABadMergeAndChangesNothing) {
  for (const char* body :
       {"", "{}", "[]", "nonsense", R"({"secondaryEmployeeIds":[]})", R"({"secondaryEmployeeIds":"e8"})",
        R"({"secondaryEmployeeIds":[8]})", R"({"secondaryEmployeeIds":["e1"]})",
        R"({"secondaryEmployeeIds":["e2","e3","e4","e5","e6","e7"]})"}) {
    push_.ask(400, "POST", "/employees/e1/merge", body);
  }
  EXPECT_EQ(
      push_.ask(404, "POST", "/employees/e1/merge", R"({"secondaryEmployeeIds":["e8","e99"]})")["message"],
      "secondary employee not found");
  push_.ask(404, "POST", "/employees/e99/merge", R"({"secondaryEmployeeIds":["e8"]})");
  EXPECT_EQ(push_.ids("/employees").size(), 9U);
}

TEST_F(PushSimulator, MergesASecondaryThatIsNamedTwiceOnce) {
  push_.ask(200, "POST", "/employees/e1/merge", R"({"secondaryEmployeeIds":["e8","e8"]})");
  EXPECT_EQ(push_.ids("/employees").size(), 8U);
  push_.ask(404, "POST", "/employees/e1/merge", R"({"secondaryEmployeeIds":["e8"]})");
}

TEST_F(PushSimulator, AddsAndRemovesGroups) {
  EXPECT_EQ(push_.ask(200, "POST", "/employees/e2/groups", R"({"group":"Engineering team"})")["groups"],
            json({"finance", "Engineering team"}));
  EXPECT_EQ(push_.ask(200, "POST", "/employees/e2/groups", R"({"group":"finance"})")["groups"].size(), 2U);
  EXPECT_EQ(push_.ask(200, "DELETE", "/employees/e2/groups", R"({"group":"finance"})")["groups"],
            json({"Engineering team"}));
  EXPECT_EQ(push_.ask(200, "DELETE", "/employees/e2/groups", R"({"group":"finance"})")["groups"],
            json({"Engineering team"}));
  for (const char* body : {"", "{}", R"({"group":""})", R"({"group":1})", R"(["finance"])"}) {
    push_.ask(400, "POST", "/employees/e2/groups", body);
    push_.ask(400, "DELETE", "/employees/e2/groups", body);
  }
  push_.ask(404, "DELETE", "/employees/e99/groups", R"({"group":"finance"})");
}

TEST_F(PushSimulator, UnsetsWithNullAndLeavesWhatIsAbsent) {
  const json app =
      push_.ask(200, "PATCH", "/apps/a1", R"({"notes":null,"approvalStatus":"UNDER_REVIEW","unknown":1})");
  EXPECT_TRUE(app["notes"].is_null());
  EXPECT_EQ(app["approvalStatus"], "UNDER_REVIEW");
  EXPECT_EQ(app["sensitivityLevel"], "HIGH");
  EXPECT_FALSE(app.contains("unknown"));
  for (const char* body :
       {R"({"approvalStatus":"YES"})", R"({"notes":1})", R"({"ownerId":"e99"})", "[]", ""}) {
    push_.ask(400, "PATCH", "/apps/a1", body);
  }
  push_.ask(400, "PATCH", "/apps/a2", R"({"notes":"kept out","sensitivityLevel":"SOME"})");
  EXPECT_TRUE(push_.ask(200, "PATCH", "/apps/a2", "{}")["notes"].is_null());
  push_.ask(404, "PATCH", "/apps/a99", "{}");
}

TEST_F(PushSimulator, PagesByTokenAndByOffset) {
  std::vector<std::string> all;
  std::string query = "?limit=4";
  for (int page = 0; page < 3; ++page) {
    const json body = push_.ask(200, "GET", "/employees" + query);
    for (const auto& item : body["result"]) all.push_back(item["id"]);
    if (!body["paging"]["moreResults"].get<bool>()) {
      EXPECT_TRUE(body["paging"]["nextToken"].is_null());
      break;
    }
    std::string token;
    for (char c : body["paging"]["nextToken"].get<std::string>())
      token += c == '=' ? "%3D" : c == '+' ? "%2B" : std::string(1, c);
    query = "?limit=4&nextToken=" + token;
  }
  EXPECT_THAT(all, ElementsAre("e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9"));
  EXPECT_THAT(push_.ids("/employees?limit=2&offset=7"), ElementsAre("e8", "e9"));
  EXPECT_THAT(push_.ids("/employees?offset=100"), IsEmpty());
  for (const char* bad : {"limit=0", "limit=201", "limit=x", "limit=-1", "limit=", "offset=x", "nextToken=x",
                          "nextToken=", "nextToken=YQ%3D%3D&offset=1"}) {
    push_.ask(400, "GET", std::string("/employees?") + bad);
  }
}

TEST_F(PushSimulator, FiltersWhatItLists) {
  EXPECT_THAT(push_.ids("/accounts?email=HILL"), ElementsAre("c1", "c2", "c9"));
  EXPECT_THAT(push_.ids("/accounts?appType=GITHUB&employeeId=e1"), ElementsAre("c2"));
  EXPECT_THAT(push_.ids("/detections?severity=HIGH"), ElementsAre("d1"));
  EXPECT_THAT(push_.ids("/detections?archived=true"), ElementsAre("d3"));
  EXPECT_THAT(push_.ids("/browserExtensions?permissions=storage&enabled=false"), ElementsAre("x4"));
  const auto second = push_.ask(200, "GET", "/findings")["result"][1]["creationTimestamp"].get<int64_t>();
  EXPECT_THAT(push_.ids("/findings?creationTimestampAfter=" + std::to_string(second)),
              ElementsAre("f3", "f4", "f5"));
  push_.ask(400, "GET", "/detections?archived=maybe");
  push_.ask(400, "GET", "/findings?creationTimestampAfter=yesterday");
  push_.ask(404, "GET", "/detections/d99");
}

}  // namespace
}  // namespace sluice
