// A request goes out again only when nothing of it is missing: what is sent again without its body would let
// the vendor take the next request for it.
#include <gmock/gmock.h>

#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ResendTest : public GateFixture {
 protected:
  static size_t heads(const std::string& octets) {
    size_t count = 0;
    for (size_t at = octets.find(" HTTP/1.1\r\n"); at != std::string::npos;
         at = octets.find(" HTTP/1.1\r\n", at + 1)) {
      ++count;
    }
    return count;
  }
  // A read whose body is too long to be kept, by length or in chunks. It comes in two parts.
  static std::string begin(bool chunked) {
    const std::string framing =
        chunked ? "Transfer-Encoding: chunked\r\n\r\n186a0\r\n" : "Content-Length: 100000\r\n\r\n";
    return "GET /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\n" + framing +
           std::string(70'000, 'a');
  }
  static std::string rest(bool chunked) {
    return std::string(30'000, 'a') + (chunked ? "\r\n0\r\n\r\n" : "");
  }
};

TEST_F(ResendTest, PassesA429OnWhenTheBodyIsNotKept) {
  for (const bool chunked : {false, true}) {
    SCOPED_TRACE(chunked);
    start();
    MemoryStream& tool = client();
    tool.feed(begin(chunked));
    MemoryStream& first = vendor();
    tool.feed(rest(chunked));
    turn();
    first.feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    turn();
    EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
    EXPECT_EQ(vendors(), 1u);
    EXPECT_EQ(heads(first.written), 1u);
    TearDown();
    clients_.clear();
    vendors_.clear();
    audit_ = FakeAudit();
  }
  start();
}

TEST_F(ResendTest, GivesUpOnAStaleConnectionWhenTheBodyIsNotKept) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  turn();
  tool.written.clear();
  tool.feed(begin(false));
  turn();
  tool.feed(rest(false));
  turn();
  vendor().end();
  turn();
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 502 Bad Gateway\r\n"));
  EXPECT_EQ(vendors(), 1u);
}

TEST_F(ResendTest, SendsAShortBodyAgainWhole) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor().feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  turn();
  tool.feed(
      "GET /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\nContent-Length: "
      "5\r\n\r\nwhole");
  turn();
  vendor(0).end();
  EXPECT_THAT(vendor(1).written, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_TRUE(vendor(1).written.ends_with("\r\n\r\nwhole"));
  vendor(1).feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

}  // namespace
}  // namespace sluice
