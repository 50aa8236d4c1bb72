#include <gmock/gmock.h>

#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class ExchangeTest : public GateFixture {};

TEST_F(ExchangeTest, CarriesAReadToTheVendorAndBack) {
  start();
  MemoryStream& tool = client();
  tool.feed(get("/push/v1/findings?limit=2"));
  EXPECT_THAT(vendor().written, StartsWith("GET /v1/findings?limit=2 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"));
  EXPECT_THAT(vendor().written, HasSubstr("x-api-key: vendor-key-of-the-scenario\r\n\r\n"));
  EXPECT_THAT(vendor().written, Not(HasSubstr("token-of")));
  vendor().feed("HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-Vendor: v\r\n\r\nok");
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 200 Fine\r\n"));
  EXPECT_THAT(tool.written, HasSubstr("X-Vendor: v\r\n"));
  EXPECT_THAT(tool.written, HasSubstr("Sluice-Request-Id: "));
  EXPECT_TRUE(tool.written.ends_with("\r\n\r\nok"));
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestForwarded));
}

TEST_F(ExchangeTest, LendsTheMostRecentlyUsedConnectionAgain) {
  start();
  MemoryStream& tool = client();
  for (int i = 0; i < 3; ++i) {
    tool.feed(get());
    vendor().feed(kOk);
  }
  EXPECT_EQ(vendors(), 1u);
  EXPECT_EQ(outcomes().size(), 3u);
}

TEST_F(ExchangeTest, DoesNotUseAConnectionAgainAfterSurplusOctetsOrClose) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor(0).feed(std::string(kOk) + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(vendor(0).released);
  tool.feed(get());
  vendor(1).feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_TRUE(vendor(1).released);
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestForwarded, AuditType::kRequestForwarded));
}

TEST_F(ExchangeTest, AnswersPipelinedRequestsInOrder) {
  start();
  MemoryStream& tool = client();
  tool.feed(get("/push/v1/findings?n=1") + get("/push/v1/findings?n=2") + get("/nothing"));
  EXPECT_THAT(vendor().written, HasSubstr("n=1"));
  EXPECT_THAT(vendor().written, Not(HasSubstr("n=2")));
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo");
  const size_t one = tool.written.find("one"), two = tool.written.find("two"),
               none = tool.written.find("404 Not Found");
  EXPECT_LT(one, two);
  EXPECT_LT(two, none);
  EXPECT_NE(none, std::string::npos);
}

TEST_F(ExchangeTest, SendsNothingOfAWriteBeforeItIsDurable) {
  start();
  audit_.answers_at_once = false;
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  turn();
  EXPECT_EQ(vendor().written, "");
  ASSERT_EQ(audit_.waiting.size(), 1u);
  EXPECT_EQ(audit_.records[0].type, AuditType::kRequestAttempted);
  audit_.waiting[0].first->on_recorded(audit_.waiting[0].second, true);
  EXPECT_TRUE(vendor().written.ends_with(R"({"group":"x"})"));
  vendor().feed(kOk);
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestAttempted, AuditType::kRequestForwarded));
  EXPECT_EQ(audit_.records[0].request_id, audit_.records[1].request_id);
}

TEST_F(ExchangeTest, RefusesAWriteThatCannotBeRecorded) {
  start();
  audit_.durable = false;
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  turn();
  EXPECT_EQ(vendor().written, "");
  EXPECT_THAT(tool.written, HasSubstr("urn:sluice:problem:audit-unavailable"));
}

TEST_F(ExchangeTest, RefusesAWriteThatIsNotRecordedInTime) {
  start();
  audit_.answers_at_once = false;
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  turn_until([&] { return !tool.written.empty(); });
  EXPECT_THAT(tool.written, HasSubstr("503 Service Unavailable"));
  audit_.waiting[0].first->on_recorded(audit_.waiting[0].second, true);  // too late: nobody is harmed
  turn();
  EXPECT_EQ(vendor().written, "");
}

TEST_F(ExchangeTest, HoldsEveryRequestBackWhileTheAuditIsUnusable) {
  start();
  audit_.is_usable = false;
  MemoryStream& tool = client();
  tool.feed(get());
  turn();
  EXPECT_THAT(tool.written, HasSubstr("audit-unavailable"));
  audit_.is_usable = true;
  tool.feed(get());
  vendor().feed(kOk);
  EXPECT_TRUE(tool.written.ends_with("ok"));
}

TEST_F(ExchangeTest, PassesWritesWithoutRecordWhereItIsConfigured) {
  start("", "audit: { when_unavailable: allow }\n");
  audit_.is_usable = false;
  audit_.durable = false;
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  vendor().feed(kOk);
  EXPECT_TRUE(tool.written.ends_with("ok"));
}

TEST_F(ExchangeTest, DeniesByDefaultAndSaysSo) {
  start();
  MemoryStream& tool = client();
  tool.feed(post(R"({"secondaryEmployeeIds":["a"]})", "/push/v1/employees/e1/merge"));
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(tool.written, HasSubstr("Sluice-Origin: gate\r\n"));
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestDenied));
  EXPECT_EQ(vendors(), 0u);
}

TEST_F(ExchangeTest, SendsAReadAgainOnceWhenAKeptConnectionWasStale) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor(0).feed(kOk);
  tool.feed(get());
  turn();
  vendor(0).fail();
  vendor(1).feed(kOk);
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestForwarded, AuditType::kRequestForwarded));
  EXPECT_EQ(audit_.records[1].attempts, 2);
}

TEST_F(ExchangeTest, NeverSendsAWriteTwice) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor(0).feed(kOk);
  tool.feed(post(R"({"group":"x"})"));
  turn();
  vendor(0).fail();
  turn();
  EXPECT_EQ(vendors(), 1u);
  EXPECT_THAT(tool.written, HasSubstr("502 Bad Gateway"));
  EXPECT_EQ(audit_.records.back().type, AuditType::kRequestFailed);
}

TEST_F(ExchangeTest, PutsAReadThatTheVendorRefusedBackInTheQueue) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor(0).feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(tool.written, "");
  EXPECT_THAT(vendor(1).written, StartsWith("GET "));  // after the hold
  vendor(1).feed(kOk);
  EXPECT_TRUE(tool.written.ends_with("ok"));
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestForwarded));
}

TEST_F(ExchangeTest, SendsAWriteThatTheVendorRefusedAgain) {
  start();
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  vendor(0).feed("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(tool.written, "");
  turn_until([this] { return vendors() == 2; });
  EXPECT_THAT(vendor(1).written, EndsWith(R"({"group":"x"})"));
  vendor(1).feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 200 OK\r\n"));
  ASSERT_EQ(audit_.records.size(), 2u);
  EXPECT_EQ(audit_.records[0].type, AuditType::kRequestAttempted);
  EXPECT_EQ(audit_.records[1].attempts, 2);
}

TEST_F(ExchangeTest, DoesNotSendAWriteAgainForAClientThatHasLeft) {
  start();
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  vendor(0);
  tool.fail();
  vendor(0).feed("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestAttempted, AuditType::kRequestForwarded));
  EXPECT_EQ(audit_.records.back().attempts, 1);
}

TEST_F(ExchangeTest, PassesAVendorsRefusalOnWhenItsPauseIsTooLong) {
  start();
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  vendor(0).feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  EXPECT_THAT(tool.written, HasSubstr("Retry-After: 10\r\n"));
  EXPECT_THAT(tool.written, Not(HasSubstr("Sluice-Origin")));
}

TEST_F(ExchangeTest, WhoConnectsWhileAHoldComesWaitsForItsEnd) {
  connects_at_once_ = false;
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  MemoryStream& upstream = vendor(0);
  room().budget->reject(monotonic_now(), monotonic_now() + std::chrono::milliseconds(300));
  upstream.connected();
  turn();
  EXPECT_EQ(upstream.written, "");
  turn_until([&upstream] { return !upstream.written.empty(); });
  upstream.feed(kOk);
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ExchangeTest, AHoldRefusesWhoCannotWaitThatLong) {
  start();
  MemoryStream& first = client();
  first.feed(get());
  MemoryStream& upstream = vendor(0);
  MemoryStream& hurried = client();
  room().budget->reject(monotonic_now(), monotonic_now() + std::chrono::seconds(2));
  std::string request = get();
  hurried.feed(request.insert(request.size() - 2, "Prefer: wait=5\r\n"));
  turn();
  EXPECT_EQ(hurried.written, "");
  upstream.feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 8\r\nContent-Length: 0\r\n\r\n");
  turn_until([&hurried] { return !hurried.written.empty(); });
  EXPECT_THAT(hurried.written, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  EXPECT_THAT(hurried.written, HasSubstr("wait-too-long"));
  EXPECT_THAT(hurried.written, HasSubstr("RateLimit: \"vendor\";r=0;t="));
  EXPECT_EQ(audit_.records.back().type, AuditType::kRequestRefused);
}

TEST_F(ExchangeTest, WithholdsAnAnswerThatHoldsTheKey) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor(0).feed("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nkey=vendor-key-of-");
  vendor(0).feed("the-scenario");
  EXPECT_THAT(tool.written, Not(HasSubstr("vendor-key-of")));
  // "key=" was free to go before; the rest is cut.
  EXPECT_TRUE(tool.released || tool.written.find("credential-reflected") != std::string::npos);
  MemoryStream& other = client();
  other.feed(get());
  vendor(1).feed("HTTP/1.1 200 OK\r\nX-Echo: vendor-key-of-the-scenario\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(other.written, HasSubstr("credential-reflected"));
  EXPECT_THAT(other.written, Not(HasSubstr("vendor-key-of")));
}

TEST_F(ExchangeTest, CutsAnAnswerThatBreaksOff) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_TRUE(tool.written.ends_with("3\r\nabc\r\n"));
  vendor().fail();
  EXPECT_TRUE(tool.released);
  EXPECT_FALSE(tool.written.ends_with("0\r\n\r\n"));
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestFailed));
}

TEST_F(ExchangeTest, FramesAnAnswerUntilCloseAsChunks) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed("HTTP/1.1 200 OK\r\n\r\nabc");
  vendor().end();
  EXPECT_THAT(tool.written, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(tool.written.ends_with("3\r\nabc\r\n0\r\n\r\n"));
}

TEST_F(ExchangeTest, RefusesWhatIsNoAnswer) {
  start();
  for (const char* answer :
       {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "garbage\r\n\r\n", "HTTP/1.1 000 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    MemoryStream& tool = client();
    const size_t index = vendors();
    tool.feed(get());
    vendor(index).feed(answer);
    EXPECT_THAT(tool.written, HasSubstr("urn:sluice:problem:upstream-protocol")) << answer;
    EXPECT_TRUE(vendor(index).released);
  }
}

TEST_F(ExchangeTest, ReadsTheVendorNoFasterThanTheClient) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
  tool.stall();
  vendor().feed(std::string(300'000, 'x'));
  EXPECT_FALSE(vendor().reading);
  tool.drain();
  EXPECT_TRUE(vendor().reading);
  vendor().feed(std::string(700'000, 'x'));
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestForwarded));
}

TEST_F(ExchangeTest, DoesNotTakeASlowClientForASilentVendor) {
  start("    timeouts: { silence: 30ms }\n");
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 300003\r\n\r\n");
  tool.stall();
  vendor().feed(std::string(300'000, 'x'));
  const Nanos later = monotonic_now() + Millis(100);
  turn_until([later] { return monotonic_now() > later; });
  EXPECT_FALSE(tool.released);
  tool.drain();
  vendor().feed("end");
  EXPECT_TRUE(tool.written.ends_with("xend"));
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestForwarded));
}

TEST_F(ExchangeTest, AnswersAClientThatHasEndedItsSide) {
  start();
  audit_.answers_at_once = false;
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  tool.end();
  turn();
  audit_.waiting[0].first->on_recorded(audit_.waiting[0].second, true);
  vendor().feed(kOk);
  EXPECT_TRUE(tool.written.ends_with("ok"));
  EXPECT_TRUE(tool.finished);
}

TEST_F(ExchangeTest, StreamsABodyThatNobodyLooksInto) {
  start();
  MemoryStream& tool = client();
  tool.feed(
      "POST /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  tool.feed("10000\r\n" + std::string(65'536, 'a') + "\r\n");
  EXPECT_THAT(vendor().written, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(vendor().written.ends_with("aaa\r\n"));
  tool.feed("3\r\nbcd\r\n");
  EXPECT_TRUE(vendor().written.ends_with("3\r\nbcd\r\n"));
  tool.feed("0\r\n\r\n");
  EXPECT_TRUE(vendor().written.ends_with("0\r\n\r\n"));
  vendor().feed(kOk);
  EXPECT_EQ(audit_.records.back().body_bytes, 65'539u);
}

TEST_F(ExchangeTest, TakesAClientThatLeavesOutOfItsPlace) {
  start();
  connects_at_once_ = false;
  MemoryStream& tool = client();
  tool.feed(get());
  turn_until([this] { return vendors() == 1; });
  tool.fail();
  EXPECT_TRUE(vendor().released);
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestFailed));
  EXPECT_EQ(audit_.records[0].reason, "the client left");
}

TEST_F(ExchangeTest, LearnsTheOutcomeOfAWriteWhoseClientHasLeft) {
  start();
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  vendor();
  tool.fail();
  EXPECT_FALSE(vendor().released);
  vendor().feed(kOk);
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestAttempted, AuditType::kRequestForwarded));
}

TEST_F(ExchangeTest, GivesUpOnASilentVendor) {
  start("    timeouts: { response: 30ms, silence: 30ms }\n");
  MemoryStream& tool = client();
  tool.feed(get());
  vendor();
  turn_until([&] { return !tool.written.empty(); });
  EXPECT_THAT(tool.written, HasSubstr("504 Gateway Timeout"));
  tool.feed(get());
  vendor(1).feed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
  turn_until([&] { return tool.released; });
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestFailed, AuditType::kRequestFailed));
}

TEST_F(ExchangeTest, GivesUpOnAClientThatSendsEmptyLinesOnly) {
  start("", "limits: { head_time: 50ms, keep_alive: 50ms }\n");
  MemoryStream& tool = client();
  tool.feed("\r\n");
  turn_until([&] { return tool.finished || tool.released; });
}

TEST_F(ExchangeTest, GivesUpOnASlowClient) {
  start("", "limits: { head_time: 30ms, body_time: 30ms, keep_alive: 30ms }\n");
  MemoryStream& slow_head = client();
  slow_head.feed("GET / HT");
  MemoryStream& slow_body = client();
  slow_body.feed(
      "POST /push/v1/employees/e1/groups HTTP/1.1\r\nHost: g\r\nx-api-key: token-of-the-scenario\r\n"
      "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
  MemoryStream& silent = client();
  turn_until([&] { return slow_head.finished && slow_body.finished && silent.released; });
  EXPECT_THAT(slow_head.written, HasSubstr("408 Request Timeout"));
  EXPECT_THAT(slow_body.written, HasSubstr("408 Request Timeout"));
  EXPECT_EQ(silent.written, "");
}

TEST_F(ExchangeTest, AnswersEveryRequestOfADrainAndTakesNoOther) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor();
  worker_->drain(Millis(10'000));
  turn();
  vendor().feed(kOk);
  EXPECT_THAT(tool.written, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(tool.finished);
}

// Not after it: a lookup that nobody answers may hold the loop up.
TEST_F(ExchangeTest, TellsTheEndOfADrainFromWithinItsLoop) {
  start();
  int ended = 0;
  shared_->on_worker_ended = [&ended] { ++ended; };
  MemoryStream& tool = client();
  worker_->drain(Millis(600'000));
  turn();
  EXPECT_EQ(ended, 0);
  tool.end();
  turn();
  EXPECT_EQ(ended, 1);
}

TEST_F(ExchangeTest, CutsADrainShortWhenItsTimeIsUp) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor();
  worker_->drain(Millis(0));
  turn_until([&] { return !tool.written.empty(); });
  EXPECT_THAT(tool.written, HasSubstr("urn:sluice:problem:draining"));
}

TEST_F(ExchangeTest, RefusesABodyOverTheLimit) {
  start("    max_body: 1KiB\n");
  MemoryStream& tool = client();
  tool.feed(post(std::string(2000, ' ')));
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  MemoryStream& other = client();
  other.feed(
      "POST /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "800\r\n" +
      std::string(2048, 'a') + "\r\n");
  turn();
  EXPECT_THAT(other.written, StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_EQ(vendors(), 0u);
}

TEST_F(ExchangeTest, KeepsAConnectionWhoseUnwantedBodyIsShort) {
  start();
  MemoryStream& tool = client();
  const std::string denied =
      "POST /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: wrong\r\nContent-Length: 6\r\n\r\n";
  tool.feed(denied + "abc");
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  tool.feed("def" + get());
  vendor().feed(kOk);
  EXPECT_TRUE(tool.written.ends_with("ok"));
}

TEST_F(ExchangeTest, ClosesAConnectionThatHasHadItsShareOfRequests) {
  start("", "limits: { requests_per_connection: 2 }\n");
  MemoryStream& tool = client();
  tool.feed(get() + get() + get());
  vendor().feed(kOk);
  EXPECT_THAT(tool.written, Not(HasSubstr("Connection: close")));
  vendor().feed(kOk);
  EXPECT_THAT(tool.written, HasSubstr("Connection: close"));
  EXPECT_TRUE(tool.finished);
  EXPECT_EQ(outcomes().size(), 2u);
}

}  // namespace
}  // namespace sluice
