// What the audit says was touched: of every operation of both built-in catalogues, the parameters of the path
// and what the body names (interface section 6: params, targets).
#include <gmock/gmock.h>

#include <map>

#include "policy/compiler.h"
#include "policy_fixture.h"

namespace sluice {
namespace {

using testing::IsEmpty;
using Texts = std::vector<std::string>;

constexpr const char* kPolicy =
    "version: 1\nrules: [ { id: all, effect: allow, when: { client: admin, operation: \"*.*\" } } ]\n";

struct Touched {
  std::string body;
  Texts targets;
};

// Operations whose body is no list of ids touch what their path names, unless they stand here.
const std::map<std::string, Touched> kTouched = {
    {"push.employees.merge", {R"({"secondaryEmployeeIds":["e2","e3"]})", {"e2", "e3"}}},
    {"push.employees.groups.add", {R"({"group":"Quarantine"})", {"Quarantine"}}},
    {"push.employees.groups.remove", {R"({"group":"Quarantine"})", {"Quarantine"}}},
    {"push.apps.update", {R"({"notes":"n","ownerId":"e1"})", {}}},
    {"securenvoy.users.create", {R"({"username":"u","aliases":["a"]})", {}}},
    {"securenvoy.users.update", {R"({"username":"u","aliases":["a"]})", {}}},
    {"securenvoy.credentials.set", {R"({"ID":"u1","firstFactor":{"type":"t"}})", {"u1"}}},
    {"securenvoy.credentials.set-password", {R"({"password":"p"})", {}}},
    {"securenvoy.groups.create", {R"({"name":"n"})", {}}},
    {"securenvoy.groups.update", {R"({"name":"n"})", {}}},
};

Touched touched(const Operation& operation) {
  if (const auto known = kTouched.find(operation.id); known != kTouched.end()) return known->second;
  if (!operation.body) return {};
  EXPECT_EQ(operation.body->type, BodySchema::Type::kArray) << operation.id << " stands in no table";
  return {R"(["x1","x 2"])", {"x1", "x 2"}};
}

TEST(Targets, OfEveryOperationAreThoseOfItsPathAndItsBody) {
  const PolicyUnderTest policy(kPolicy);
  size_t operations = 0;
  for (size_t api = 0; api < 2; ++api) {
    for (const Operation& operation : policy.engine->catalogue(api).operations) {
      ++operations;
      std::string path;
      std::map<std::string, std::string> expected, found;
      for (const PathSegment& segment : operation.segments) {
        path += "/" + (segment.parameter ? "value-of-" + segment.text : segment.text);
        if (segment.parameter) expected[segment.text] = "value-of-" + segment.text;
      }
      const Touched body = touched(operation);
      const std::string line = "admin " + operation.method + (api == 0 ? " /push" : " /securenvoy") + path;
      const ReviewRequest request = policy.request(line, body.body);
      const Decision decision = policy.decide(request);
      EXPECT_EQ(decision.outcome, Outcome::kAllow) << operation.id << " " << decision.refusal.detail;
      EXPECT_EQ(decision.targets, body.targets) << operation.id;
      std::vector<HeaderView> headers;
      const Target target = policy.engine->resolve(view_of(request, headers));
      EXPECT_EQ(target.operation_id, operation.id) << path;
      for (const Parameter& parameter : target.parameters_of(target.fits.front()))
        found[std::string(parameter.name)] = parameter.value;
      EXPECT_EQ(found, expected) << operation.id;
    }
  }
  EXPECT_EQ(operations, 40U);
}

}  // namespace
}  // namespace sluice
