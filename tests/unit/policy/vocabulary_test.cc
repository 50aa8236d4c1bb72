#include "policy/vocabulary.h"

#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace sluice {
namespace {

TEST(Vocabulary, AStarStaysWithinASegment) {
  EXPECT_TRUE(matches_dotted("push.*.list", "push.apps.list"));
  EXPECT_FALSE(matches_dotted("push.*.list", "push.a.b.list"));
  EXPECT_TRUE(matches_dotted("push.em*s.li*", "push.employees.list"));
  EXPECT_FALSE(matches_dotted("push.em*x.list", "push.employees.list"));
}

TEST(Vocabulary, ATrailingStarMatchesAnyDepthButNotNothing) {
  EXPECT_TRUE(matches_dotted("push.*", "push.employees.groups.add"));
  EXPECT_TRUE(matches_dotted("*.*", "push.employees.groups.add"));
  EXPECT_FALSE(matches_dotted("push.*", "push"));
  EXPECT_FALSE(matches_dotted("push.employees.*", "push.employees"));
  EXPECT_FALSE(matches_dotted("push.employees", "push.employees.list"));
}

TEST(Vocabulary, WildcardsNameKnownOperationsOnly) {
  const Config config = policy_test_config();
  const Vocabulary vocabulary(config, policy_test_catalogues(config));
  for (size_t slot : vocabulary.find_operations("*.*")) EXPECT_FALSE(vocabulary.slots[slot].unknown);
  EXPECT_EQ(vocabulary.find_operations("*.*").size(), vocabulary.slots.size() - 2);
  const auto unknown = vocabulary.find_operations("push.unknown");
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_TRUE(vocabulary.slots[unknown[0]].unknown);
  EXPECT_TRUE(vocabulary.find_operations("push").empty());
}

TEST(Vocabulary, HasTheTagsOfBothVendorsWhicheverIsConfigured) {
  Config config = policy_test_config();
  const Vocabulary both(config, policy_test_catalogues(config));
  config.apis.resize(1);
  const Vocabulary one(config, policy_test_catalogues(config));
  EXPECT_EQ(one.tags, both.tags);
}

}  // namespace
}  // namespace sluice
