#include "proxy/audit/event_filter.h"

#include <gtest/gtest.h>

#include "tests/unit/proxy/audit_format_fixture.h"

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

WebhookFilter only(std::vector<std::string> WebhookFilter::*key, std::vector<std::string> values) {
  WebhookFilter filter;
  filter.*key = std::move(values);
  return filter;
}

// What a filter says of a denied merge by soar on push: write, irreversible and bulk.
bool fits(const WebhookFilter& content, AuditType type = AuditType::kRequestDenied) {
  return (*EventFilter::make({}, content)).matches(merge_event(type));
}

TEST(AuditEventFilter, TakesARequestThatFitsOneValueOfAKey) {
  EXPECT_TRUE(fits({}));
  EXPECT_TRUE(fits(only(&WebhookFilter::apis, {"securenvoy", "push"})));
  EXPECT_FALSE(fits(only(&WebhookFilter::apis, {"securenvoy"})));
  EXPECT_TRUE(fits(only(&WebhookFilter::access, {"write"})));
  EXPECT_FALSE(fits(only(&WebhookFilter::access, {"read"})));
  EXPECT_TRUE(fits(only(&WebhookFilter::tags, {"pii", "bulk"})));
  EXPECT_FALSE(fits(only(&WebhookFilter::tags, {"pii", "bul", "irreversible-"})));
  EXPECT_TRUE(fits(only(&WebhookFilter::decisions, {"deny"})));
  EXPECT_FALSE(fits(only(&WebhookFilter::decisions, {"allow", "refuse"})));
  EXPECT_TRUE(fits(only(&WebhookFilter::clients, {"soar"})));
  EXPECT_FALSE(fits(only(&WebhookFilter::clients, {"siem", "admin"})));
}

TEST(AuditEventFilter, WantsEveryKeyToFit) {
  EXPECT_TRUE(fits({{"push"}, {"write"}, {"irreversible"}, {"deny"}, {"soar"}}));
  EXPECT_FALSE(fits({{"x"}, {"write"}, {"irreversible"}, {"deny"}, {"soar"}}));
  EXPECT_FALSE(fits({{"push"}, {"read"}, {"irreversible"}, {"deny"}, {"soar"}}));
  EXPECT_FALSE(fits({{"push"}, {"write"}, {"x"}, {"deny"}, {"soar"}}));
  EXPECT_FALSE(fits({{"push"}, {"write"}, {"irreversible"}, {"allow"}, {"soar"}}));
  EXPECT_FALSE(fits({{"push"}, {"write"}, {"irreversible"}, {"deny"}, {"x"}}));
}

TEST(AuditEventFilter, ChoosesOtherEventsByTheirTypeAlone) {
  const WebhookFilter nobody = only(&WebhookFilter::clients, {"nobody"});
  for (size_t i = 0; i < kAuditTypeCount; ++i) {
    const auto type = static_cast<AuditType>(i);
    EXPECT_EQ(fits(nobody, type), to_text(type).rfind("request.", 0) != 0) << to_text(type);
  }
  const EventFilter filter = *EventFilter::make({"request.*"}, nobody);
  EXPECT_FALSE(filter.matches(merge_event(AuditType::kGateStarted)));
  EXPECT_TRUE(filter.matches(AuditType::kRequestDenied));
}

TEST(AuditEventFilter, TakesNoRequestWithoutTheNameThatItWants) {
  const EventFilter filter = *EventFilter::make({}, only(&WebhookFilter::clients, {"soar"}));
  EXPECT_FALSE(filter.matches(bare_event(AuditType::kRequestRefused)));
}

TEST(AuditEventFilter, TakesAnEventThatItCannotRead) {
  const EventFilter filter =
      *EventFilter::make({"request.denied"}, only(&WebhookFilter::clients, {"nobody"}));
  StoredEvent event = merge_event(AuditType::kRequestDenied);
  event.body = "no JSON";
  EXPECT_TRUE(filter.matches(event));
  event.type = AuditType::kRequestFailed;
  EXPECT_FALSE(filter.matches(event));
}

}  // namespace
}  // namespace sluice
