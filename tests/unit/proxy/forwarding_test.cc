#include "proxy/gate/forwarding.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

RequestHead parse(const std::string& text) {
  RequestHead head;
  EXPECT_EQ(parse_request_head(text, HeadLimits{}, head), HeadError::kNone) << head.detail;
  return head;
}

std::string forwarded(const std::string& fields, std::string_view credential_header = "x-api-key",
                      std::span<const std::string> others = {}) {
  const std::string text = "GET /p HTTP/1.1\r\nHost: gate\r\n" + fields + "\r\n";
  const RequestHead head = parse(text);
  std::vector<HeaderView> out;
  select_request_fields(head, credential_header, out, others);
  std::string names;
  for (const HeaderView& field : out) names += std::string(field.name) + "=" + std::string(field.value) + ";";
  return names;
}

TEST(Forwarding, PassesTheCallersOwnFields) {
  EXPECT_EQ(forwarded("User-Agent: t\r\ntraceparent: 00-1\r\nContent-Type: a\r\nAccept: b\r\nCookie: c\r\n"),
            "User-Agent=t;traceparent=00-1;Content-Type=a;Accept=b;Cookie=c;");
}

TEST(Forwarding, DropsTheCredentialsOfEveryApi) {
  const std::vector<std::string> others{"X-Tenant-Key"};
  EXPECT_EQ(forwarded("x_tenant_key: a\r\nX-TENANT-KEY: b\r\nX-Tenant: c\r\n", "x-api-key", others),
            "X-Tenant=c;");
  EXPECT_EQ(forwarded("X-Tenant-Key: a\r\n"), "X-Tenant-Key=a;");
}

TEST(Forwarding, DropsHopByHopFieldsAndThoseNamedByConnection) {
  EXPECT_EQ(forwarded("Connection: close, X-One\r\nX-One: 1\r\nKeep-Alive: 5\r\nTE: gzip\r\nTrailer: "
                      "X\r\nUpgrade: h2c\r\n"
                      "Proxy-Connection: x\r\nHTTP2-Settings: x\r\nX-Two: 2\r\nProxy-Authorization: x\r\n"),
            "X-Two=2;");
}

TEST(Forwarding, DropsTheApisCredentialHoweverItIsConfigured) {
  EXPECT_EQ(forwarded("api_key: a\r\nAPI-Key: b\r\nX: c\r\n", "api_key"), "X=c;");
  EXPECT_EQ(forwarded("vendor-key: a\r\nVENDOR_KEY: b\r\nX: c\r\n", "Vendor-Key"), "X=c;");
}

TEST(Forwarding, DropsCredentialsClaimsAndOverridesHoweverSpelt) {
  EXPECT_EQ(forwarded("X-API-Key: t\r\nx_api_key: t\r\nAuthorization: t\r\nX-Forwarded-For: "
                      "1\r\nX_Forwarded_For: 1\r\nForwarded: f\r\n"
                      "X-HTTP-Method-Override: DELETE\r\nX_HTTP_Method: PUT\r\nX-Method-Override: "
                      "a\r\nX-HTTP-Override: a\r\n"
                      "X-Original-URL: /b\r\nX_Rewrite_URL: /b\r\nSluice-Origin: gate\r\nAccept-Encoding: "
                      "gzip\r\nExpect: 100-continue\r\n"
                      "Content_Length: 5\r\nTransfer_Encoding: chunked\r\n"),
            "");
  EXPECT_EQ(forwarded("Vendor_Token: t\r\nvendor-token: t\r\n", "vendor-token"), "");
}

TEST(Forwarding, WritesTheHeadAnew) {
  std::string out;
  append_request_head(out, {"GET", "/base", "/v1/x", "a=%2F", true, "api.example"}, {{"Accept", "b"}});
  EXPECT_EQ(out,
            "GET /base/v1/x?a=%2F HTTP/1.1\r\nHost: api.example\r\nAccept: b\r\nAccept-Encoding: "
            "identity\r\nVia: 1.1 sluice\r\n");
  out.clear();
  append_request_head(out, {"GET", "", "/x", "", true, "h"}, {});
  EXPECT_TRUE(out.starts_with("GET /x? HTTP/1.1\r\n"));
}

TEST(Forwarding, AddsItsOwnFieldsToAnAnswerAndDropsTheVendorsOfThatName) {
  ResponseHead head;
  ASSERT_EQ(parse_response_head(
                "HTTP/1.1 201 Made\r\nX: y\r\nConnection: X-Hop\r\nX-Hop: 1\r\nSluice-Origin: gate\r\n"
                "Transfer-Encoding: chunked\r\n\r\n",
                HeadLimits{}, false, head),
            HeadError::kNone);
  std::string out;
  append_response_head(out, head, {"id-1", 12, false, true});
  EXPECT_EQ(out,
            "HTTP/1.1 201 Made\r\nX: y\r\nTransfer-Encoding: chunked\r\nSluice-Request-Id: "
            "id-1\r\nSluice-Queued-Ms: 12\r\n"
            "Connection: close\r\n\r\n");
}

TEST(Forwarding, KeepsTheLengthOfAnAnswerThatConnectionNames) {
  ResponseHead head;
  ASSERT_EQ(parse_response_head("HTTP/1.1 200 OK\r\nConnection: content-length\r\nContent-Length: 2\r\n\r\n",
                                HeadLimits{}, false, head),
            HeadError::kNone);
  std::string out;
  append_response_head(out, head, {"id-1", 0, true, false});
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSluice-Request-Id: id-1\r\n\r\n");
}

TEST(Forwarding, ReadsThePreferredWait) {
  EXPECT_EQ(preferred_wait(parse("GET / HTTP/1.1\r\nHost: a\r\nPrefer: respond-async, wait=5\r\n\r\n")), 5);
  EXPECT_EQ(preferred_wait(parse("GET / HTTP/1.1\r\nHost: a\r\nPrefer: wait=0\r\n\r\n")), 0);
  EXPECT_EQ(preferred_wait(parse("GET / HTTP/1.1\r\nHost: a\r\nPrefer: wait=x\r\n\r\n")), -1);
  EXPECT_EQ(preferred_wait(parse("GET / HTTP/1.1\r\nHost: a\r\nPrefer: await=5\r\n\r\n")), -1);
  EXPECT_EQ(preferred_wait(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), -1);
  EXPECT_GT(preferred_wait(parse("GET / HTTP/1.1\r\nHost: a\r\nPrefer: wait=99999999999999999999\r\n\r\n")),
            1000);
}

}  // namespace
}  // namespace sluice
