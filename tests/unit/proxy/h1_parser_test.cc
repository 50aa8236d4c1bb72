#include "proxy/http/h1_parser.h"

#include <gtest/gtest.h>
#include <llhttp.h>

#include <set>

#include "policy/methods.h"
#include "proxy/http/local_reply.h"

namespace sluice {
namespace {

HeadError parse(std::string_view head, RequestHead& out, HeadLimits limits = {}) {
  return parse_request_head(head, limits, out);
}

HeadError parse(std::string_view head) {
  RequestHead out;
  return parse(head, out);
}

// A request with further fields.
std::string with(std::string_view fields, std::string_view line = "POST /a HTTP/1.1") {
  return std::string(line) + "\r\nHost: gate\r\n" + std::string(fields) + "\r\n";
}

TEST(H1Parser, ReadsAPlainRequest) {
  const std::string text =
      "GET /a/b?c=d HTTP/1.1\r\nHost: gate:8080\r\nX-Api-Key:  secret \r\nEmpty:\r\n\r\n";
  RequestHead head;
  ASSERT_EQ(parse(text, head), HeadError::kNone);
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/a/b?c=d");
  EXPECT_EQ(head.host, "gate:8080");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing.kind, Framing::Kind::kNone);
  ASSERT_EQ(head.fields.size(), 3u);
  EXPECT_EQ(head.fields[1].id, HeaderId::kApiKey);
  EXPECT_EQ(head.fields[1].value, "secret");
  EXPECT_EQ(head.fields[2].name, "Empty");
  EXPECT_EQ(head.fields[2].value, "");
}

HeadError parse_connect(std::string_view head, RequestHead& out) {
  return parse_connect_head(head, HeadLimits{}, out);
}

TEST(H1Parser, ReadsConnectForAListenerOfItsOwn) {
  RequestHead head;
  const std::string text = with("Proxy-Connection: keep-alive\r\n", "CONNECT a.test:443 HTTP/1.1");
  ASSERT_EQ(parse_connect(text, head), HeadError::kNone);
  EXPECT_EQ(head.method, "CONNECT");
  EXPECT_EQ(head.target, "a.test:443");
  EXPECT_EQ(head.host, "gate");
  EXPECT_EQ(head.framing.kind, Framing::Kind::kNone);
  EXPECT_EQ(parse_connect("CONNECT a:1 HTTP/1.0\r\n\r\n", head), HeadError::kNone);
  EXPECT_EQ(parse(with("", "CONNECT a.test:443 HTTP/1.1")), HeadError::kMethodNotAllowed);
}

TEST(H1Parser, ReadsNothingButConnectThere) {
  RequestHead head;
  for (const char* line :
       {"GET /a HTTP/1.1", "TRACE /a HTTP/1.1", "connect a:1 HTTP/1.1", "GET http://a/ HTTP/1.1"}) {
    EXPECT_EQ(parse_connect(with("", line), head), HeadError::kMethodNotAllowed) << line;
  }
  EXPECT_EQ(parse_connect(with("", "CONNECT a:1 HTTP/2.0"), head), HeadError::kVersionUnsupported);
  EXPECT_EQ(parse_connect("CONNECT a:1 HTTP/1.1\r\n\r\n", head), HeadError::kMalformed);
  EXPECT_EQ(parse_connect(with("Host: gate\r\n", "CONNECT a:1 HTTP/1.1"), head), HeadError::kMalformed);
}

TEST(H1Parser, RefusesABodyOfConnect) {
  RequestHead head;
  for (const char* field :
       {"Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked", "Transfer-Encoding: "}) {
    EXPECT_EQ(parse_connect(with(std::string(field) + "\r\n", "CONNECT a:1 HTTP/1.1"), head),
              HeadError::kMalformed)
        << field;
  }
}

TEST(H1Parser, FramesABodyInOneWayOnly) {
  RequestHead head;
  ASSERT_EQ(parse(with("Content-Length: 12\r\n"), head), HeadError::kNone);
  EXPECT_EQ(head.framing.length, 12u);
  ASSERT_EQ(parse(with("Transfer-Encoding: Chunked\r\n"), head), HeadError::kNone);
  EXPECT_EQ(head.framing.kind, Framing::Kind::kChunked);
  for (const char* fields : {
           "Content-Length: 1\r\nContent-Length: 1\r\n",
           "Content-Length: 1, 1\r\n",
           "Content-Length: +1\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 0x1\r\n",
           "Content-Length: 1 2\r\n",
           "Content-Length:\r\n",
           "Content-Length: 99999999999999999999\r\n",
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked, chunked\r\n",
           "Transfer-Encoding:\r\n",
           "Transfer-Encoding: ,chunked\r\n",
           "Transfer-Encoding: chunked,\r\n",
           "Transfer-Encoding: chunked;q=1\r\n",
           "Transfer-Encoding: \x0b"
           "chunked\r\n",
       }) {
    EXPECT_EQ(parse(with(fields)), HeadError::kMalformed) << fields;
  }
  EXPECT_EQ(parse(with("Transfer-Encoding: gzip\r\n")), HeadError::kCodingUnknown);
  EXPECT_EQ(parse(with("Transfer-Encoding: gzip, chunked\r\n")), HeadError::kCodingUnknown);
  EXPECT_EQ(parse(with("Transfer-Encoding: chunked, gzip\r\n")), HeadError::kMalformed);
  EXPECT_EQ(parse(with("Transfer-Encoding: chunked\r\n", "POST /a HTTP/1.0")), HeadError::kMalformed);
}

TEST(H1Parser, DoesNotTakeAnUnderscoreForAHyphenInFraming) {
  RequestHead head;
  ASSERT_EQ(parse(with("Content_Length: 12\r\n"), head), HeadError::kNone);
  EXPECT_EQ(head.framing.kind, Framing::Kind::kNone);
  EXPECT_EQ(head.fields[1].id, HeaderId::kContentLength);
  EXPECT_FALSE(head.fields[1].exact_name);
}

TEST(H1Parser, RefusesWhatStrictLlhttpLetsThrough) {
  for (const std::string& text : {
           with("X: a\r\n b\r\n"),               // obs-fold
           with("Content-Length: 1\r\n 2\r\n"),  // obs-fold in a framing field
           std::string("GET / HTTP/1.1\r\nHost:\r\n gate\r\n\r\n"),
           with(": nameless\r\n"),
           with("X : a\r\n"),
           with("X: a\rb\r\n"),
           with(std::string("X: a\0b\r\n", 8)),
           with("X: a\x01z\r\n"),
           with("X: a\x7fz\r\n"),
           with("no colon\r\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),                        // no host
           std::string("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),  // two
           std::string("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost:\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
           std::string("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
           std::string("GET / \r\nHost: a\r\n\r\n"),
           std::string("GET /\r\nHost: a\r\n\r\n"),
           std::string("GET /\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("G\tT / HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET / RTSP/1.0\r\nHost: a\r\n\r\n"),
           std::string("GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
       }) {
    EXPECT_EQ(parse(text), HeadError::kMalformed) << text;
  }
}

// All that llhttp knows, of RTSP too, and others: explain and the parser say the same.
TEST(H1Parser, ServesTheMethodsThatThePolicySpeaksOf) {
  std::set<std::string> methods(served_methods().begin(), served_methods().end());
  for (const char* other : {"FOO", "get", "GET1", "QUERY"}) methods.insert(other);
#define SLUICE_INSERT(number, name, text) methods.insert(#text);
  HTTP_ALL_METHOD_MAP(SLUICE_INSERT)
#undef SLUICE_INSERT
  EXPECT_GT(methods.size(), 40U);
  for (const std::string& method : methods) {
    const MethodStanding standing = standing_of(method);
    const HeadError expected = standing == MethodStanding::kServed       ? HeadError::kNone
                               : standing == MethodStanding::kNotAllowed ? HeadError::kMethodNotAllowed
                                                                         : HeadError::kMethodUnknown;
    EXPECT_EQ(parse(method + " / HTTP/1.1\r\nHost: a\r\n\r\n"), expected) << method;
    const ProblemKind& kind = kind_of(problem_of(expected));
    const auto refusal = refuse_method(method);
    ASSERT_EQ(refusal.has_value(), expected != HeadError::kNone) << method;
    if (!refusal) continue;
    EXPECT_EQ(refusal->status, kind.status) << method;
    EXPECT_EQ(refusal->type, kind.type) << method;
  }
}

TEST(H1Parser, TellsRefusalsApart) {
  EXPECT_EQ(parse("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::kMethodNotAllowed);
  EXPECT_EQ(parse("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::kMethodNotAllowed);
  EXPECT_EQ(parse("BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::kMethodUnknown);
  EXPECT_EQ(parse("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::kNone);
  EXPECT_EQ(parse("get / HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::kMethodUnknown);
  EXPECT_EQ(parse("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), HeadError::kVersionUnsupported);
  EXPECT_EQ(parse("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), HeadError::kVersionUnsupported);
  EXPECT_EQ(parse(with("Expect: 200-ok\r\n")), HeadError::kExpectationFailed);
  RequestHead head;
  HeadLimits limits;
  limits.target_size = 10;
  EXPECT_EQ(parse("GET /123456789 HTTP/1.1\r\nHost: a\r\n\r\n", head, limits), HeadError::kNone);
  EXPECT_EQ(parse("GET /1234567890 HTTP/1.1\r\nHost: a\r\n\r\n", head, limits), HeadError::kTargetTooLong);
  limits = {};
  limits.header_count = 2;
  EXPECT_EQ(parse(with("A: 1\r\n"), head, limits), HeadError::kNone);
  EXPECT_EQ(parse(with("A: 1\r\nB: 2\r\n"), head, limits), HeadError::kHeadTooLarge);
}

TEST(H1Parser, RefusesABareLineFeedBeforeAnythingElse) {
  EXPECT_EQ(parse("CONNECT /\n HTTP/1.1\r\nHost: a\r\n\r\n"), HeadError::kMalformed);
  EXPECT_EQ(parse("GET / HTTP/2.0\r\nHost: a\nb\r\n\r\n"), HeadError::kMalformed);
  EXPECT_EQ(parse("GET /" + std::string(9000, 'a') + "\n HTTP/1.1\r\nHost: a\r\n\r\n"),
            HeadError::kMalformed);
}

TEST(H1Parser, KeepsAliveAsTheVersionSays) {
  RequestHead head;
  ASSERT_EQ(parse(with("Connection: close\r\n"), head), HeadError::kNone);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(parse(with("Connection: x, Close\r\n"), head), HeadError::kNone);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(parse(with("", "GET /a HTTP/1.0"), head), HeadError::kNone);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(parse(with("Connection: keep-alive\r\n", "GET /a HTTP/1.0"), head), HeadError::kNone);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(parse("GET /a HTTP/1.0\r\n\r\n", head), HeadError::kNone);
  EXPECT_EQ(head.host, "");
}

TEST(H1Parser, TurnsAnAbsoluteTargetThatAgreesWithHostIntoOriginForm) {
  RequestHead head;
  ASSERT_EQ(parse("GET http://Gate/a?b HTTP/1.1\r\nHost: gate\r\n\r\n", head), HeadError::kNone);
  EXPECT_EQ(head.target, "/a?b");
}

TEST(H1Parser, IgnoresExpectInHttp10) {
  RequestHead head;
  ASSERT_EQ(parse(with("Expect: 100-continue\r\n"), head), HeadError::kNone);
  EXPECT_TRUE(head.expects_continue);
  ASSERT_EQ(parse(with("Expect: 100-continue\r\n", "POST /a HTTP/1.0"), head), HeadError::kNone);
  EXPECT_FALSE(head.expects_continue);
}

HeadError parse_answer(std::string_view text, ResponseHead& out, bool to_head = false) {
  return parse_response_head(text, HeadLimits{}, to_head, out);
}

TEST(H1Parser, FramesAnAnswer) {
  ResponseHead head;
  ASSERT_EQ(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", head), HeadError::kNone);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.framing.length, 3u);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(parse_answer("HTTP/1.1 200 OK\r\n\r\n", head), HeadError::kNone);
  EXPECT_EQ(head.framing.kind, Framing::Kind::kUntilClose);
  EXPECT_FALSE(head.keep_alive);
  for (const char* line : {"HTTP/1.1 204 No Content", "HTTP/1.1 304 Not Modified", "HTTP/1.1 100 Continue"}) {
    ASSERT_EQ(parse_answer(std::string(line) + "\r\nContent-Length: 3\r\n\r\n", head), HeadError::kNone)
        << line;
    EXPECT_EQ(head.framing.kind, Framing::Kind::kNone) << line;
  }
  ASSERT_EQ(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", head, true), HeadError::kNone);
  EXPECT_EQ(head.framing.kind, Framing::Kind::kNone);
}

TEST(H1Parser, RefusesABrokenAnswer) {
  ResponseHead head;
  for (const char* text : {
           "HTTP/1.1 000 X\r\n\r\n",
           "HTTP/1.1 99 X\r\n\r\n",
           "HTTP/1.1 999 X\r\n\r\n",
           "HTTP/1.1 0200 OK\r\n\r\n",
           "HTTP/1.1  200 OK\r\n\r\n",
           "HTTP/1.1 20\r\n\r\n",
           "HTTP/2.0 200 OK\r\n\r\n",
           "ICY 200 OK\r\n\r\n",
           "HTTP/1.1 200 O\x01K\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, cow\r\n\r\n",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
       }) {
    EXPECT_NE(parse_answer(text, head), HeadError::kNone) << text;
  }
}

TEST(HeadReader, FindsTheSameHeadHoweverItIsCut) {
  const std::string text = "\r\nGET /abc HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nbody";
  for (size_t cut = 0; cut <= text.size() - 4; ++cut) {
    HeadReader reader;
    const std::string first = text.substr(0, cut);
    std::string head;
    size_t used = 0;
    HeadReader::Step step = reader.feed(first, HeadLimits{});
    if (step.state == HeadReader::State::kNeedMore) {
      EXPECT_EQ(step.consumed, first.size());
      const std::string second = text.substr(cut);
      step = reader.feed(second, HeadLimits{});
      ASSERT_EQ(step.state, HeadReader::State::kHead) << cut;
      head = step.head;
      used = cut + step.consumed;
    } else {
      head = step.head;
      used = step.consumed;
    }
    EXPECT_TRUE(head.ends_with("X: y\r\n\r\n")) << cut;
    EXPECT_EQ(text.substr(used), "body") << cut;
  }
}

TEST(HeadReader, SkipsOneEmptyLineAndNoMore) {
  HeadReader reader;
  EXPECT_EQ(reader.feed("\r", HeadLimits{}).state, HeadReader::State::kNeedMore);
  EXPECT_EQ(reader.feed("\n", HeadLimits{}).consumed, 1u);
  EXPECT_TRUE(reader.started());
  const HeadReader::Step step = reader.feed("GET / HTTP/1.1\r\n\r\n", HeadLimits{});
  ASSERT_EQ(step.state, HeadReader::State::kHead);
  EXPECT_TRUE(step.head.starts_with("GET"));
  HeadReader other;
  other.feed("\r\n", HeadLimits{});
  const HeadReader::Step second = other.feed("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HeadLimits{});
  ASSERT_EQ(second.state, HeadReader::State::kHead);
  EXPECT_EQ(parse(second.head), HeadError::kMalformed);
}

TEST(HeadReader, TakesOneOctetAtATime) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadReader reader;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    ASSERT_EQ(reader.feed(text.substr(i, 1), HeadLimits{}).state, HeadReader::State::kNeedMore) << i;
  }
  const HeadReader::Step step = reader.feed("\n", HeadLimits{});
  ASSERT_EQ(step.state, HeadReader::State::kHead);
  EXPECT_EQ(step.head, text);
  EXPECT_EQ(step.consumed, 1u);
}

TEST(HeadReader, StopsAtItsLimit) {
  HeadLimits limits;
  limits.head_size = 64;
  HeadReader reader;
  EXPECT_EQ(reader.feed("GET / HTTP/1.1\r\n", limits).state, HeadReader::State::kNeedMore);
  HeadReader::Step step = reader.feed(std::string(100, 'x'), limits);
  EXPECT_EQ(step.state, HeadReader::State::kBad);
  EXPECT_EQ(step.error, HeadError::kHeadTooLarge);
  HeadReader other;
  step = other.feed(std::string(100, 'x'), limits);
  EXPECT_EQ(step.error, HeadError::kTargetTooLong);
}

TEST(HeadReader, RefusesABareLineFeedAtOnce) {
  HeadReader reader;
  EXPECT_EQ(reader.feed("GET / HTTP/1.1\nHost: a\n\n", HeadLimits{}).state, HeadReader::State::kBad);
}

}  // namespace
}  // namespace sluice
