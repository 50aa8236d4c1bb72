// Identical reads that wait at the same time share one call to the vendor.
#include <gmock/gmock.h>

#include "gate_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsame";

class SharingTest : public GateFixture {
 protected:
  void start_held(const std::string& api = "    coalesce: true\n") {
    start(api);
    hold(std::chrono::milliseconds(200));
  }
  void hold(Millis time) { room().budget->reject(monotonic_now(), monotonic_now() + time); }
  MemoryStream& ask(const std::string& request) {
    MemoryStream& tool = client();
    tool.feed(request);
    return tool;
  }
  void wait_for_calls(size_t count) {
    turn_until([this, count] { return calls() >= count; });
  }
  size_t calls() {
    size_t count = 0;
    for (size_t i = 0; i < vendors(); ++i) count += calls_on(i);
    return count;
  }
  size_t calls_on(size_t connection) {
    const std::string& written = vendor(connection).written;
    size_t count = 0;
    for (size_t at = written.find(" HTTP/1.1"); at != std::string::npos;
         at = written.find(" HTTP/1.1", at + 1))
      ++count;
    return count;
  }
  // The second call, on whichever connection it is.
  MemoryStream& second_call() { return vendor(calls_on(0) == 2 ? 0 : 1); }
};

TEST_F(SharingTest, OneCallAnswersAllThatWaitWithTheSameRequest) {
  start_held();
  std::vector<MemoryStream*> tools;
  for (int i = 0; i < 3; ++i) tools.push_back(&ask(get()));
  wait_for_calls(1);
  vendor(0).feed(kAnswer);
  turn();
  for (MemoryStream* tool : tools) {
    EXPECT_THAT(tool->written, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(tool->written, testing::EndsWith("same"));
    EXPECT_THAT(tool->written, HasSubstr("Sluice-Queued-Ms: "));
  }
  EXPECT_EQ(calls(), 1u);
  ASSERT_EQ(audit_.records.size(), 3u);
  for (const AuditRecord& record : audit_.records) EXPECT_EQ(record.type, AuditType::kRequestForwarded);
  EXPECT_EQ(audit_.records.back().attempts + audit_.records.front().attempts, 1);
  EXPECT_NE(audit_.records[0].request_id, audit_.records[1].request_id);
}

TEST_F(SharingTest, NothingIsSharedUnlessItIsAskedFor) {
  start_held("");
  ask(get());
  ask(get());
  wait_for_calls(2);
}

TEST_F(SharingTest, WhatDiffersIsNotShared) {
  start_held();
  ask(get("/push/v1/findings?limit=1"));
  ask(get("/push/v1/findings?limit=2"));
  wait_for_calls(2);
}

TEST_F(SharingTest, WritesAreNotShared) {
  start_held();
  ask(post(R"({"group":"x"})"));
  ask(post(R"({"group":"x"})"));
  wait_for_calls(2);
  for (size_t i = 0; i < vendors(); ++i) vendor(i).feed(kAnswer);
}

TEST_F(SharingTest, WhoComesAfterItWasSentAsksAnew) {
  start_held();
  ask(get());
  wait_for_calls(1);
  ask(get());
  wait_for_calls(2);
}

TEST_F(SharingTest, TheOthersGoOnWhenTheFirstOneLeaves) {
  start_held();
  MemoryStream& first = ask(get());
  MemoryStream& second = ask(get());
  MemoryStream& third = ask(get());
  first.fail();
  wait_for_calls(1);
  vendor(0).feed(kAnswer);
  turn();
  EXPECT_THAT(second.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(third.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(calls(), 1u);
}

TEST_F(SharingTest, OneThatLeavesIsForgotten) {
  start_held();
  MemoryStream& first = ask(get());
  ask(get()).fail();
  wait_for_calls(1);
  vendor(0).feed(kAnswer);
  turn();
  EXPECT_THAT(first.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(calls(), 1u);
}

TEST_F(SharingTest, AnAnswerThatIsNoSuccessIsTheFirstOnesAlone) {
  start_held();
  MemoryStream& first = ask(get());
  MemoryStream& second = ask(get());
  wait_for_calls(1);
  vendor(0).feed("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  turn();
  EXPECT_THAT(first.written, StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ(second.written, "");
  wait_for_calls(2);
  second_call().feed(kAnswer);
  turn();
  EXPECT_THAT(second.written, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(SharingTest, AnAnswerWithACookieIsTheFirstOnesAlone) {
  start_held();
  MemoryStream& first = ask(get());
  MemoryStream& second = ask(get());
  wait_for_calls(1);
  vendor(0).feed("HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nContent-Length: 4\r\n\r\nonly");
  turn();
  EXPECT_THAT(first.written, HasSubstr("s=1"));
  wait_for_calls(2);
  second_call().feed(kAnswer);
  turn();
  EXPECT_THAT(second.written, testing::EndsWith("same"));
  EXPECT_THAT(second.written, Not(HasSubstr("Set-Cookie")));
}

TEST_F(SharingTest, ALongAnswerIsTheFirstOnesAlone) {
  start_held();
  MemoryStream& first = ask(get());
  MemoryStream& second = ask(get());
  wait_for_calls(1);
  vendor(0).feed("HTTP/1.1 200 OK\r\nContent-Length: 1100000\r\n\r\n" + std::string(1'100'000, 'x'));
  turn();
  EXPECT_THAT(first.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(second.written, "");
  wait_for_calls(2);
}

// 64 MiB, of the copies for all of them.
TEST_F(SharingTest, AnAnswerThatIsLongForSoManyIsTheFirstOnesAlone) {
  const std::string piece(1024 * 1024, 'x');
  SharedRead shared;
  shared.followers.resize(64);
  shared.add_body(piece);
  EXPECT_TRUE(shared.is_shareable);
  EXPECT_EQ(shared.body.size(), piece.size());

  start_held();
  MemoryStream& first = ask(get());
  std::vector<MemoryStream*> others;
  for (int i = 0; i < 65; ++i) others.push_back(&ask(get()));
  wait_for_calls(1);
  vendor(0).feed("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + piece);
  turn();
  EXPECT_THAT(first.written, testing::EndsWith("xxx"));
  for (const MemoryStream* other : others) EXPECT_EQ(other->written, "");
  wait_for_calls(2);
}

TEST_F(SharingTest, TheVendorsPauseHoldsAllOfThem) {
  start_held();
  MemoryStream& first = ask(get());
  MemoryStream& second = ask(get());
  wait_for_calls(1);
  vendor(0).feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(first.written + second.written, "");
  wait_for_calls(2);
  second_call().feed(kAnswer);
  turn();
  EXPECT_THAT(first.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(second.written, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(SharingTest, OneWithLessTimeDoesNotWaitForAnother) {
  start_held();
  ask(get());
  std::string hurried = get();
  ask(hurried.insert(hurried.size() - 2, "Prefer: wait=5\r\n"));
  wait_for_calls(2);
}

TEST_F(SharingTest, EndsWithTheGate) {
  start_held();
  MemoryStream& first = ask(get());
  MemoryStream& second = ask(get());
  worker_->drain(Millis(0));
  turn_until([&] { return !first.written.empty() && !second.written.empty(); });
  EXPECT_THAT(first.written, HasSubstr("draining"));
  EXPECT_THAT(second.written, HasSubstr("draining"));
}

}  // namespace
}  // namespace sluice
