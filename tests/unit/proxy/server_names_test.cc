#include "proxy/net/server_names.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(ServerNames, AWildcardCoversOneLabelAndNothingElse) {
  EXPECT_TRUE(covers("gate.example", "gate.example"));
  EXPECT_TRUE(covers("gate.example", "GATE.Example"));
  EXPECT_TRUE(covers("*.example", "gate.example"));
  EXPECT_TRUE(covers("*.a.example", "Gate.A.example"));
  for (const char* host :
       {"example", ".example", "a.b.example", "gate.example.org", "gateexample", "", "*"}) {
    EXPECT_FALSE(covers("*.example", host)) << host;
  }
  EXPECT_FALSE(covers("gate.example", "gate.example.org"));
  EXPECT_FALSE(covers("g*.example", "gate.example"));
  EXPECT_FALSE(covers("", ""));
}

TEST(ServerNames, ChoosesTheVeryNameBeforeAWildcardAndTheFirstForWantOfBoth) {
  const std::vector<std::vector<std::string>> names = {
      {"default.example"}, {"*.gate.example", "other.example"}, {"a.gate.example"}, {"a.gate.example"}};
  EXPECT_EQ(choose_certificate(names, "a.gate.example"), 2U);
  EXPECT_EQ(choose_certificate(names, "A.GATE.example"), 2U);
  EXPECT_EQ(choose_certificate(names, "b.gate.example"), 1U);
  EXPECT_EQ(choose_certificate(names, "other.example"), 1U);
  EXPECT_EQ(choose_certificate(names, "default.example"), 0U);
  EXPECT_EQ(choose_certificate(names, "gate.example"), 0U);
  EXPECT_EQ(choose_certificate(names, "x.b.gate.example"), 0U);
  EXPECT_EQ(choose_certificate({}, "gate.example"), 0U);
}

}  // namespace
}  // namespace sluice
