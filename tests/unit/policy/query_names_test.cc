#include "policy/query_names.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(QueryNames, MeanAParameterInEverySpellingOfAnArrayOrAMember) {
  for (const char* name :
       {"limit", "limit[]", "limit[0]", "limit[a][b]", "filter[limit]", "filter.limit", "limit.x", " limit",
        "limit ", "limit$", "x;limit", "$limit", "unlimited[limit]"}) {
    EXPECT_TRUE(may_mean(name, "limit")) << name;
  }
  for (const char* name :
       {"", "lim", "limits", "my_limit", "limit-x", "unlimited", "Limit", "l.imit", "limit\xC3\xA9"})
    EXPECT_FALSE(may_mean(name, "limit")) << name;
  EXPECT_TRUE(may_mean("filter[limit]", "filter[limit]"));
  EXPECT_FALSE(may_mean("a", ""));
}

TEST(QueryNames, TellAnOverrideOfTheMethod) {
  for (const char* name :
       {"_method", "_METHOD", "X-HTTP-Method-Override", "x_http_method", "http_method_override"})
    EXPECT_TRUE(names_method_override(name)) << name;
  for (const char* name : {"", "method", "methods", "__method", "x-http-methods"})
    EXPECT_FALSE(names_method_override(name)) << name;
}

}  // namespace
}  // namespace sluice
