#include "policy/methods.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

TEST(Methods, ServesTheOnesOfRestAndOfWebDav) {
  for (const char* method :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"}) {
    EXPECT_EQ(standing_of(method), MethodStanding::kServed) << method;
    EXPECT_FALSE(refuse_method(method)) << method;
  }
}

TEST(Methods, NamesEachServedOneOnce) {
  const auto served = served_methods();
  EXPECT_EQ(std::set<std::string_view>(served.begin(), served.end()).size(), served.size());
  for (std::string_view method : served) EXPECT_EQ(standing_of(method), MethodStanding::kServed) << method;
}

TEST(Methods, RefusesTheRest) {
  for (const char* method : {"TRACE", "CONNECT"}) {
    const auto refusal = refuse_method(method);
    ASSERT_TRUE(refusal) << method;
    EXPECT_EQ(refusal->status, 405);
    EXPECT_EQ(refusal->type, "method-not-allowed");
  }
  for (const char* method : {"FOO", "get", "Trace", "PRI", "DESCRIBE", "GET1", ""}) {
    const auto refusal = refuse_method(method);
    ASSERT_TRUE(refusal) << method;
    EXPECT_EQ(refusal->status, 501);
    EXPECT_EQ(refusal->type, "not-implemented");
  }
}

}  // namespace
}  // namespace sluice
