#include "proxy/gate/routing.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::vector<ApiConfig> apis() {
  std::vector<ApiConfig> made(2);
  made[0].name = "push";
  made[0].hosts = {"push.gate.example"};
  made[1].name = "securenvoy";
  return made;
}

TEST(Routing, TakesThePrefixOff) {
  const auto found = route(apis(), "gate", "/securenvoy/api/users?x=1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->api, 1u);
  EXPECT_EQ(found->path, "/api/users");
  EXPECT_EQ(found->query, "x=1");
}

TEST(Routing, KeepsThePathOfAConfiguredHost) {
  for (const char* host : {"push.gate.example", "PUSH.gate.example:8443", "push.gate.example."}) {
    const auto found = route(apis(), host, "/securenvoy/v1");
    ASSERT_TRUE(found) << host;
    EXPECT_EQ(found->api, 0u);
    EXPECT_EQ(found->path, "/securenvoy/v1");
  }
}

TEST(Routing, KnowsAnEmptyQueryFromNone) {
  EXPECT_TRUE(route(apis(), "g", "/push/a?")->has_query);
  EXPECT_FALSE(route(apis(), "g", "/push/a")->has_query);
}

TEST(Routing, FindsNothingElsewhere) {
  for (const char* target : {"/", "/push", "/pushx/a", "/Push/a", "/other/a", "//push/a", "/push%2Fa"}) {
    EXPECT_FALSE(route(apis(), "gate", target)) << target;
  }
}

}  // namespace
}  // namespace sluice
