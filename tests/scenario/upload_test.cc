#include <gmock/gmock.h>

#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kUpload =
    "POST /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\nContent-Length: "
    "200000\r\n\r\n";

class UploadTest : public GateFixture {};

TEST_F(UploadTest, ReadsTheClientNoFasterThanTheVendor) {
  start();
  MemoryStream& tool = client();
  tool.feed(kUpload + std::string(70'000, 'a'));
  EXPECT_FALSE(tool.reading);  // until the vendor has the beginning
  MemoryStream& upstream = vendor();
  EXPECT_TRUE(tool.reading);
  EXPECT_THAT(upstream.written, HasSubstr("Content-Length: 200000\r\n"));
  tool.feed(std::string(130'000, 'b'));
  upstream.feed("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 204 No Content\r\n"));
  const size_t head_end = upstream.written.find("\r\n\r\n") + 4;
  EXPECT_EQ(upstream.written.size() - head_end, 200'000u);
}

TEST_F(UploadTest, CutsTheVendorsConnectionWhenTheClientBreaksOff) {
  start();
  MemoryStream& tool = client();
  tool.feed(kUpload + std::string(70'000, 'a'));
  vendor();
  tool.fail();
  EXPECT_TRUE(vendor().released);
  EXPECT_EQ(audit_.records.back().type, AuditType::kRequestFailed);
}

TEST_F(UploadTest, EndsBothConnectionsWhenTheVendorAnswersBeforeTheBodyIsWhole) {
  start();
  MemoryStream& tool = client();
  tool.feed(kUpload + std::string(70'000, 'a'));
  vendor().feed("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_TRUE(vendor().released);
  EXPECT_TRUE(tool.finished);
  EXPECT_THAT(tool.written, HasSubstr("Connection: close\r\n"));
}

TEST_F(UploadTest, GoesOnReadingAfterARefusalInTheMiddleOfABody) {
  start("    queue: { max_wait: 0s, max_requests: 1 }\n");
  room().budget->reject(monotonic_now(), monotonic_now() + std::chrono::hours(1));
  MemoryStream& tool = client();
  tool.feed(
      "POST /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\nContent-Length: "
      "65540\r\n\r\n" +
      std::string(65'536, 'a'));
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  EXPECT_THAT(tool.written, HasSubstr("Retry-After: "));
  EXPECT_TRUE(tool.reading);
}

TEST_F(UploadTest, RefusesMalformedChunksWithoutLettingTheVendorTakeThemForWhole) {
  start();
  MemoryStream& tool = client();
  tool.feed(
      "POST /push/open/x HTTP/1.1\r\nHost: gate\r\nx-api-key: token-of-the-scenario\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "10000\r\n" +
      std::string(65'536, 'a') + "\r\n");
  vendor();
  tool.feed("zz\r\n");
  EXPECT_TRUE(vendor().released);
  EXPECT_FALSE(vendor().written.ends_with("0\r\n\r\n"));
  EXPECT_THAT(tool.written, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_F(UploadTest, RecordsOneDigestOfABodyThatWaitedWhole) {
  start();
  MemoryStream& reader = client();
  reader.feed(get());
  vendor().feed("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
  reader.fail();
  const std::string body(80'000, 'u');
  const std::string request = post(body, "/push/open/upload");
  MemoryStream& tool = client();
  tool.feed(request.substr(0, 40'000));
  tool.feed(request.substr(40'000));  // takes it over what is gathered, and ends it
  turn_until([this] { return vendors() == 2 && !vendor(1).written.empty(); });
  EXPECT_TRUE(vendor(1).written.ends_with(body));
  vendor(1).feed("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  turn();
  ASSERT_EQ(audit_.records.size(), 3u);
  const AuditRecord &attempted = audit_.records[1], &forwarded = audit_.records[2];
  EXPECT_EQ(attempted.type, AuditType::kRequestAttempted);
  EXPECT_EQ(attempted.body_sha256, std::nullopt);  // it was recorded before the body had come
  EXPECT_EQ(forwarded.type, AuditType::kRequestForwarded);
  EXPECT_EQ(forwarded.body_sha256, sha256(body));
}

}  // namespace
}  // namespace sluice
