#include "proxy/admin/event_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;

// A reader as its socket shows it.
struct Reader {
  std::string got;   // taken by the socket
  std::string kept;  // not yet
  bool takes = true;
  bool left = false;
  bool ended = false;

  void drain() {
    got += kept;
    kept.clear();
    takes = true;
  }
};

class Body final : public HttpBody {
 public:
  explicit Body(Reader& reader) : reader_(reader) {}
  ~Body() override { reader_.ended = true; }
  void write(std::string_view piece) override { (reader_.takes ? reader_.got : reader_.kept) += piece; }
  size_t unsent() const override { return reader_.kept.size(); }
  bool has_left() const override { return reader_.left; }

 private:
  Reader& reader_;
};

size_t count(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

class EventStreamsTest : public testing::Test {
 protected:
  Reader& open(uint64_t last_id = 0) {
    readers.emplace_back();
    streams.open(std::make_unique<Body>(readers.back()), last_id, now);
    return readers.back();
  }
  void open_all() {
    while (streams.has_room()) open();
  }
  void pass(Millis time) {
    for (const Millis end = now + time; now < end;) {
      now += EventStreams::kTurn;
      streams.turn(now);
    }
  }
  uint64_t deny(AuditType type = AuditType::kRequestDenied, std::string path = "/v1/employees") {
    AuditRecord record;
    record.type = type;
    record.path = std::move(path);
    denials.add(record);
    return denials.newest();
  }

  std::deque<Reader> readers;
  LatestDenials denials{1'700'000'000'000};
  int rendered = 0;
  std::string status = R"({"ready":true})";
  EventStreams streams{[this] {
                         ++rendered;
                         return status;
                       },
                       denials};
  Millis now{1'000'000};
};

TEST_F(EventStreamsTest, TellTheStatusAtOnceAndEachSecond) {
  Reader& reader = open();
  EXPECT_EQ(reader.got, "retry: 2000\n\nevent: status\ndata: {\"ready\":true}\n\n");
  pass(Millis(3'000));
  EXPECT_EQ(count(reader.got, "event: status\n"), 4u);
}

TEST_F(EventStreamsTest, RenderOnceForAllAndNothingForNobody) {
  pass(Millis(10'000));
  EXPECT_EQ(rendered, 0);
  open_all();
  EXPECT_EQ(rendered, 1);
  pass(Millis(2'000));
  EXPECT_EQ(rendered, 3);
  for (Reader& reader : readers) EXPECT_EQ(count(reader.got, "event: status\n"), 3u);
  for (Reader& reader : readers) reader.left = true;
  pass(Millis(5'000));
  EXPECT_EQ(streams.size(), 0u);
  EXPECT_EQ(rendered, 3);
}

TEST_F(EventStreamsTest, HaveNoRoomForMoreThanSixtyFour) {
  open_all();
  EXPECT_EQ(readers.size(), 64u);
  EXPECT_FALSE(streams.has_room());
  readers[5].left = true;
  pass(EventStreams::kTurn);
  EXPECT_TRUE(streams.has_room());
  EXPECT_TRUE(readers[5].ended);
}

TEST_F(EventStreamsTest, TellADenialInTheNextTurn) {
  Reader& reader = open();
  pass(Millis(500));
  const uint64_t id = deny();
  EXPECT_THAT(reader.got, Not(HasSubstr("event: denial")));
  pass(EventStreams::kTurn);
  EXPECT_THAT(reader.got, HasSubstr("event: denial\nid: " + std::to_string(id) + "\ndata: {\"id\":"));
  pass(Millis(5'000));
  EXPECT_EQ(count(reader.got, "event: denial\n"), 1u);
}

TEST_F(EventStreamsTest, TellOfThoseBeforeOldestFirst) {
  const uint64_t first = deny();
  const uint64_t second = deny(AuditType::kRequestRefused);
  const uint64_t third = deny();
  Reader& reader = open();
  EXPECT_EQ(count(reader.got, "event: denial\n"), 3u);
  const auto place = [&reader](uint64_t id) { return reader.got.find("id: " + std::to_string(id) + "\n"); };
  EXPECT_LT(place(first), place(second));
  EXPECT_LT(place(second), place(third));
}

TEST_F(EventStreamsTest, GoOnAfterTheLastThatTheReaderKnows) {
  const uint64_t known = deny();
  deny();
  Reader& reader = open(known);
  EXPECT_EQ(count(reader.got, "event: denial\n"), 1u);
  Reader& current = open(denials.newest());
  pass(Millis(1'000));
  EXPECT_EQ(count(current.got, "event: denial\n"), 0u);
}

TEST_F(EventStreamsTest, TellAllToAReaderOfAnotherRun) {
  deny();
  for (const uint64_t last_id : {uint64_t{57}, UINT64_MAX}) {
    const size_t kept = denials.after(0).size();
    Reader& reader = open(last_id);
    EXPECT_EQ(count(reader.got, "event: denial\n"), kept) << last_id;
    deny();
    pass(EventStreams::kTurn);
    EXPECT_EQ(count(reader.got, "event: denial\n"), kept + 1) << last_id;
  }
}

TEST_F(EventStreamsTest, SkipTheStatusForWhoTakesNothing) {
  status = std::string(100'000, 'x');
  Reader& stuck = open();
  Reader& other = open();
  stuck.takes = false;
  pass(Millis(10'000));
  EXPECT_EQ(count(stuck.kept, "event: status\n"), 2u);
  EXPECT_LE(stuck.kept.size(), EventStreams::kMostUnsent);
  EXPECT_EQ(count(other.got, "event: status\n"), 11u);
  stuck.drain();
  pass(Millis(1'000));
  EXPECT_EQ(count(stuck.got, "event: status\n"), 4u);
}

TEST_F(EventStreamsTest, KeepDenialsForWhoTakesNothing) {
  status = std::string(200'000, 'x');
  Reader& stuck = open();
  stuck.takes = false;
  pass(Millis(1'000));
  const std::string path(500, 'p');
  for (int i = 0; i < 150; ++i) {
    deny(i % 3 == 0 ? AuditType::kRequestDenied : AuditType::kRequestFailed, path);
    pass(EventStreams::kTurn);
    EXPECT_LE(stuck.kept.size(), EventStreams::kMostUnsent);
  }
  stuck.drain();
  pass(Millis(200));
  EXPECT_GE(count(stuck.got, "event: denial\n"), 100u);
  EXPECT_THAT(stuck.got, HasSubstr("id: " + std::to_string(denials.newest()) + "\n"));
}

TEST_F(EventStreamsTest, LetAWholeStatusPassThatIsLargerThanTheBound) {
  status = std::string(EventStreams::kMostUnsent * 2, 'x');
  Reader& reader = open();
  pass(Millis(1'000));
  EXPECT_EQ(count(reader.got, "event: status\n"), 2u);
}

TEST_F(EventStreamsTest, CutWhoTakesNothingForHalfAMinute) {
  Reader& stuck = open();
  Reader& other = open();
  stuck.takes = false;
  pass(Millis(1'000));
  EXPECT_GT(stuck.kept.size(), 0u);
  pass(EventStreams::kPatience - Millis(1'000));
  EXPECT_FALSE(stuck.ended);
  pass(Millis(1'000));
  EXPECT_TRUE(stuck.ended);
  EXPECT_FALSE(other.ended);
  EXPECT_EQ(streams.size(), 1u);
}

TEST_F(EventStreamsTest, WaitForWhoIsSlow) {
  Reader& slow = open();
  slow.takes = false;
  for (int i = 0; i < 10; ++i) {
    pass(Millis(20'000));
    ASSERT_FALSE(slow.ended) << i;
    slow.kept.erase(0, 10);
  }
}

TEST_F(EventStreamsTest, EndTogether) {
  open_all();
  streams.close();
  for (Reader& reader : readers) EXPECT_TRUE(reader.ended);
}

}  // namespace
}  // namespace sluice
