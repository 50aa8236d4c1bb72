#include "proxy/audit/chain.h"

#include <gtest/gtest.h>

#include "proxy/crypto.h"

namespace sluice {
namespace {

std::vector<StoredEvent> make_events(ChainWriter& writer, size_t count) {
  std::vector<StoredEvent> events;
  for (size_t i = 0; i < count; ++i) {
    AuditRecord record;
    record.request_id = "r" + std::to_string(i);
    events.push_back(writer.append(record, uuid_v7()));
  }
  return events;
}

std::string check(const std::vector<StoredEvent>& events, const ChainHead& head) {
  ChainChecker checker;
  for (const StoredEvent& event : events)
    if (auto link = checker.check(event.sequence, event.body); !link) return link.error().message;
  const auto end = checker.check_end(head);
  return end ? "" : end.error().message;
}

TEST(AuditChain, BeginsWithZerosAndNamesTheHashOfTheStoredOctets) {
  ChainWriter writer("/sluice/x", {});
  const auto events = make_events(writer, 2);
  EXPECT_NE(events[0].body.find("\"sequence\":1,\"previous\":\"" + std::string(64, '0') + "\""),
            std::string::npos);
  EXPECT_NE(events[1].body.find("\"previous\":\"" + hex(sha256(events[0].body)) + "\""), std::string::npos);
  EXPECT_EQ(writer.head(), (ChainHead{2, hex(sha256(events[1].body))}));
}

TEST(AuditChain, AcceptsAWholeChainAndOneWhoseBeginningHasExpired) {
  ChainWriter writer("/sluice/x", {});
  auto events = make_events(writer, 5);
  EXPECT_EQ(check(events, writer.head()), "");
  events.erase(events.begin(), events.begin() + 2);
  EXPECT_EQ(check(events, writer.head()), "");
  EXPECT_EQ(check({}, {}), "");
}

TEST(AuditChain, FindsEveryKindOfTampering) {
  ChainWriter writer("/sluice/x", {});
  const auto good = make_events(writer, 5);
  for (size_t i = 0; i < good.size(); ++i) {
    for (size_t at = 0; at < good[i].body.size(); at += 7) {
      auto flipped = good;
      flipped[i].body[at] = static_cast<char>(flipped[i].body[at] ^ 1);
      EXPECT_NE(check(flipped, writer.head()), "") << i << " " << at;
    }
    auto without = good;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    if (i > 0) {
      EXPECT_NE(check(without, writer.head()), "") << i;
    }
    auto twice = good;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
    EXPECT_NE(check(twice, writer.head()), "") << i;
  }
  auto swapped = good;
  std::swap(swapped[1], swapped[2]);
  EXPECT_NE(check(swapped, writer.head()), "");
  EXPECT_NE(check({}, writer.head()), "");
}

TEST(AuditChain, RefusesAFirstEventThatClaimsAnEarlierOne) {
  ChainWriter other("/sluice/x", {0, std::string(64, 'f')});
  const auto events = make_events(other, 1);
  EXPECT_EQ(check(events, other.head()), "event 1 does not follow from the event before it");
}

}  // namespace
}  // namespace sluice
