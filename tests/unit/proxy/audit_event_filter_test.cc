#include "proxy/audit/event_filter.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

size_t matched(const std::vector<std::string>& patterns) {
  const auto filter = EventFilter::make(patterns);
  EXPECT_TRUE(filter.ok());
  size_t count = 0;
  for (size_t i = 0; i < kAuditTypeCount; ++i)
    count += filter && (*filter).matches(static_cast<AuditType>(i)) ? 1 : 0;
  return count;
}

TEST(AuditEventFilter, TakesAllWithoutAPattern) {
  EXPECT_EQ(matched({}), kAuditTypeCount);
  EXPECT_EQ(matched({"*"}), kAuditTypeCount);
}

TEST(AuditEventFilter, TakesTypesAndGroups) {
  EXPECT_EQ(matched({"request.*"}), 5U);
  EXPECT_EQ(matched({"request.denied"}), 1U);
  EXPECT_EQ(matched({"request.*", "request.denied", "policy.*"}), 7U);
  EXPECT_TRUE((*EventFilter::make({"request.*"})).matches(AuditType::kRequestFailed));
  EXPECT_FALSE((*EventFilter::make({"request.*"})).matches(AuditType::kGateStarted));
}

TEST(AuditEventFilter, RefusesAPatternThatFitsNothing) {
  for (const char* pattern :
       {"", "request", "reqest.*", "request.", ".*", "request.*.*", "io.sluice.request.*", "r*"})
    EXPECT_FALSE(EventFilter::make({"request.*", pattern}).ok()) << pattern;
}

}  // namespace
}  // namespace sluice
