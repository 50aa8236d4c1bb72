// Clients that read slowly, leave, or end their side: they cost nobody else anything, and lose nothing that
// is theirs.
#include <gmock/gmock.h>

#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class SlowClientTest : public GateFixture {
 protected:
  void pass(Millis time) {
    const Nanos until = monotonic_now() + time;
    turn_until([until] { return monotonic_now() >= until; });
  }
  static size_t count(const std::string& text, std::string_view part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }
};

TEST_F(SlowClientTest, LeaveNoPausedConnectionInThePool) {
  start();
  MemoryStream& slow = client();
  slow.feed(get());
  slow.stall();
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x'));
  EXPECT_GT(slow.unsent(), 256u * 1024);
  EXPECT_TRUE(vendor().reading);
  MemoryStream& other = client();
  other.feed(get());
  turn();
  EXPECT_EQ(vendors(), 1u);
  vendor().feed(kOk);
  EXPECT_THAT(other.written, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(SlowClientTest, ThatLeaveAWriteLetItsAnswerBeReadToTheEnd) {
  start();
  MemoryStream& slow = client();
  slow.feed(post(R"({"group":"x"})"));
  MemoryStream& upstream = vendor();
  slow.stall();
  upstream.feed("HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n" + std::string(300'000, 'x'));
  EXPECT_FALSE(upstream.reading);
  slow.fail();
  EXPECT_TRUE(upstream.reading);
  upstream.feed(std::string(300'000, 'x'));
  EXPECT_EQ(audit_.records.back().type, AuditType::kRequestForwarded);
  EXPECT_LE(audit_.records.back().bytes_out, 300'000u);
}

TEST_F(SlowClientTest, ThatLeaveWhileTheyWaitAreSeenWhateverTheirBody) {
  start("    queue: { max_wait: 1h, max_requests: 10 }\n");
  room().budget->reject(monotonic_now(), monotonic_now() + std::chrono::minutes(10));
  for (const size_t size : {size_t{10}, size_t{66'000}, size_t{100'000}}) {
    MemoryStream& tool = client();
    tool.feed(post(std::string(size, 'a'), "/push/open/x"));
    turn();
    ASSERT_EQ(room().scheduler->waiting(), 1u) << size;
    EXPECT_TRUE(tool.reading || size == 100'000) << size;
    tool.fail();
    EXPECT_EQ(room().scheduler->waiting(), 0u) << size;
  }
}

TEST_F(SlowClientTest, ThatTakeSomethingNowAndThenAreNotSilent) {
  start("", "limits: { body_time: 100ms }\n");
  MemoryStream& slow = client();
  slow.feed(get());
  slow.stall();
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  for (int i = 0; i < 6; ++i) {
    pass(Millis(60));
    slow.take(1'000);
  }
  EXPECT_FALSE(slow.released);
  turn_until([&slow] { return slow.released; });  // and now it has stopped
}

TEST_F(SlowClientTest, ThatTakeNothingPileUpNoAnswers) {
  start("", "limits: { requests_per_connection: 100000 }\n");
  MemoryStream& flood = client();
  flood.stall();
  std::string requests;
  for (int i = 0; i < 2'000; ++i) requests += get("/nothing");
  for (size_t at = 0; at < requests.size(); at += 16'384) flood.feed(requests.substr(at, 16'384));
  EXPECT_FALSE(flood.reading);
  EXPECT_LT(flood.unsent(), 70u * 1024);
  while (flood.unsent() > 0) flood.drain();
  flood.feed("");
  turn();
  EXPECT_EQ(count(flood.written, "HTTP/1.1 404 Not Found\r\n"), 2'000u);
}

TEST_F(SlowClientTest, ThatEndTheirSideGetEveryAnswer) {
  start();
  MemoryStream& warm = client();
  warm.feed(get());
  vendor().feed(kOk);
  MemoryStream& tool = client();
  tool.feed(get() + get() + get("/nothing") + "GET /push/v1/fin");
  tool.end();
  vendor().feed(kOk);
  vendor().feed(kOk);
  turn();
  EXPECT_EQ(count(tool.written, "HTTP/1.1 200 OK\r\n"), 2u);
  EXPECT_THAT(tool.written, HasSubstr("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(tool.released);
}

TEST_F(SlowClientTest, ThatEndTheirSideMayReadTheLastAnswerSlowly) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  tool.stall();
  tool.end();
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  turn();
  EXPECT_FALSE(tool.released);
  tool.drain();
  turn();
  EXPECT_TRUE(tool.released);
  EXPECT_TRUE(tool.written.ends_with(std::string(1'000, 'x')));
}

}  // namespace
}  // namespace sluice
