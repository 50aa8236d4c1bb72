#include "proxy/tracing/otlp_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "proxy/tracing/span.h"
#include "proxy/tracing/trace_context.h"

namespace sluice {
namespace {

using Json = nlohmann::json;
using Part = TracedRequest::Part;

constexpr Nanos ms(int64_t count) { return std::chrono::milliseconds(count); }

TracedRequest a_write() {
  TracedRequest request;
  request.request_id = "0190b0c1-1e5e-7d0a-9b1c-0123456789ab";
  request.trace_id = "0af7651916cd43dd8448eb211c80319c";
  request.parent_id = "b7ad6b7169203331";
  request.state = "congo=t61rcWkgMzE";
  request.began = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28) + ms(5);
  request.times = {{{ms(0), ms(100)},
                    {ms(0), ms(2)},
                    {ms(1), ms(2)},
                    {ms(2), ms(50)},
                    {ms(2), ms(10)},
                    {ms(50), ms(100)}}};
  request.method = "POST";
  request.path = "/v1/employees/e1/merge";
  request.route = "/v1/employees/{id}/merge";
  request.client = "soar";
  request.source_ip = "10.2.3.4";
  request.api = "push";
  request.operation = "push.employees.merge";
  request.access = "write";
  request.decision = "allow";
  request.key = "full";
  request.rules = {"soar-manages-membership", "b"};
  request.status = 200;
  request.upstream_status = 200;
  request.queued_ms = 48;
  request.attempts = 1;
  request.vendor_host = "api.pushsecurity.com";
  request.vendor_authority = "api.pushsecurity.com";
  request.vendor_port = 443;
  return request;
}

Json otlp(TracedRequest request) {
  std::vector<std::unique_ptr<TracedRequest>> requests;
  requests.push_back(std::make_unique<TracedRequest>(std::move(request)));
  return Json::parse(write_otlp({"sluice-eu", "gate-1"}, requests));
}

Json span_of(const Json& document, const std::string& name) {
  for (const Json& span : document["resourceSpans"][0]["scopeSpans"][0]["spans"])
    if (span["name"] == name) return span;
  ADD_FAILURE() << "no span " << name << " in " << document;
  return {};
}

Json attribute(const Json& span, const std::string& key) {
  for (const Json& one : span["attributes"])
    if (one["key"] == key) return one["value"];
  return nullptr;
}
Json text(const std::string& value) { return {{"stringValue", value}}; }

TEST(OtlpJson, NamesWhoSendsIt) {
  const Json document = otlp(a_write());
  const Json& resource = document["resourceSpans"][0]["resource"];
  EXPECT_EQ(attribute(resource, "service.name"), text("sluice-eu"));
  EXPECT_EQ(attribute(resource, "service.instance.id"), text("gate-1"));
  EXPECT_EQ(document["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"], "sluice");
}

TEST(OtlpJson, WritesTheWholeAsASpanOfTheCallers) {
  const Json span = otlp(a_write())["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  EXPECT_EQ(span["name"], "POST push.employees.merge");
  EXPECT_EQ(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span["parentSpanId"], "b7ad6b7169203331");
  EXPECT_EQ(span["traceState"], "congo=t61rcWkgMzE");
  EXPECT_EQ(span["kind"], 2);
  EXPECT_EQ(span["flags"], 0x301);
  EXPECT_EQ(span["startTimeUnixNano"], "1795824000005000000");
  EXPECT_EQ(span["endTimeUnixNano"], "1795824000105000000");
  EXPECT_EQ(span["status"], Json::object());
  EXPECT_EQ(attribute(span, "http.request.method"), text("POST"));
  EXPECT_EQ(attribute(span, "http.route"), text("/v1/employees/{id}/merge"));
  EXPECT_EQ(attribute(span, "url.path"), text("/v1/employees/e1/merge"));
  EXPECT_EQ(attribute(span, "client.address"), text("10.2.3.4"));
  EXPECT_EQ(attribute(span, "http.response.status_code"), Json({{"intValue", "200"}}));
  EXPECT_EQ(attribute(span, "sluice.queued_ms"), Json({{"intValue", "48"}}));
  EXPECT_EQ(attribute(span, "sluice.rules"),
            Json({{"arrayValue", {{"values", {text("soar-manages-membership"), text("b")}}}}}));
  EXPECT_EQ(attribute(span, "error.type"), nullptr);
}

TEST(OtlpJson, WritesThePartsBelowTheWhole) {
  const Json document = otlp(a_write());
  const Json& spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"];
  ASSERT_EQ(spans.size(), 6U);
  EXPECT_EQ(a_write().spans(), 6U);
  std::set<std::string> ids;
  for (const Json& span : spans) {
    ids.insert(span["spanId"]);
    EXPECT_EQ(span["traceId"], spans[0]["traceId"]);
    if (span != spans[0]) {
      EXPECT_EQ(span["parentSpanId"], spans[0]["spanId"]);
    }
  }
  EXPECT_EQ(ids.size(), 6U);
  const Json queue = span_of(document, "queue");
  EXPECT_EQ(queue["startTimeUnixNano"], "1795824000007000000");
  EXPECT_EQ(queue["endTimeUnixNano"], "1795824000055000000");
  EXPECT_EQ(queue["kind"], 1);
  for (const char* name : {"accept", "policy", "record"}) EXPECT_FALSE(span_of(document, name).is_null());
  const Json upstream = spans[5];
  EXPECT_EQ(upstream["kind"], 3);
  const auto id = span_id(a_write().request_id, Part::kUpstream);
  EXPECT_EQ(upstream["spanId"], std::string(id.data(), id.size()));
  EXPECT_EQ(attribute(upstream, "server.address"), text("api.pushsecurity.com"));
  EXPECT_EQ(attribute(upstream, "server.port"), Json({{"intValue", "443"}}));
  EXPECT_EQ(attribute(upstream, "url.full"), text("https://api.pushsecurity.com/v1/employees/e1/merge"));
  EXPECT_EQ(attribute(upstream, "http.request.resend_count"), nullptr);
}

TEST(OtlpJson, LeavesOutWhatDidNotCome) {
  TracedRequest request = a_write();
  for (unsigned part = Part::kAccept; part < TracedRequest::kParts; ++part) request.times[part] = {};
  request.parent_id = request.state = request.route = request.operation = "";
  request.method = "BREW";
  request.status = 400;
  request.problem = "malformed-request";
  const Json spans = otlp(std::move(request))["resourceSpans"][0]["scopeSpans"][0]["spans"];
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_FALSE(spans[0].contains("parentSpanId"));
  EXPECT_FALSE(spans[0].contains("traceState"));
  EXPECT_EQ(spans[0]["flags"], 0x101);
  EXPECT_EQ(spans[0]["name"], "HTTP");
  EXPECT_EQ(attribute(spans[0], "http.request.method"), text("_OTHER"));
  EXPECT_EQ(attribute(spans[0], "error.type"), nullptr);
  EXPECT_EQ(spans[0]["status"], Json::object());
}

TEST(OtlpJson, CallsA5xxAndABrokenAnswerAnError) {
  TracedRequest timeout = a_write();
  timeout.status = 504;
  timeout.failed = true;
  timeout.upstream_status.reset();
  timeout.problem = "upstream-timeout";
  timeout.reason = "upstream-timeout: the vendor did not answer in time";
  Json spans = otlp(std::move(timeout))["resourceSpans"][0]["scopeSpans"][0]["spans"];
  for (const size_t i : {0, 5}) {
    EXPECT_EQ(spans[i]["status"]["code"], 2);
    EXPECT_EQ(spans[i]["status"]["message"], "upstream-timeout: the vendor did not answer in time");
    EXPECT_EQ(attribute(spans[i], "error.type"), text("upstream-timeout"));
  }
  TracedRequest vendors = a_write();
  vendors.status = vendors.upstream_status.emplace(503);
  spans = otlp(std::move(vendors))["resourceSpans"][0]["scopeSpans"][0]["spans"];
  for (const size_t i : {0, 5}) {
    EXPECT_EQ(spans[i]["status"], Json({{"code", 2}}));
    EXPECT_EQ(attribute(spans[i], "error.type"), text("503"));
  }
  TracedRequest broken = a_write();
  broken.failed = true;
  spans = otlp(std::move(broken))["resourceSpans"][0]["scopeSpans"][0]["spans"];
  EXPECT_EQ(spans[0]["status"]["code"], 2);
  EXPECT_EQ(attribute(spans[0], "error.type"), text("broken-off"));
  TracedRequest missing = a_write();
  missing.status = missing.upstream_status.emplace(404);
  spans = otlp(std::move(missing))["resourceSpans"][0]["scopeSpans"][0]["spans"];
  EXPECT_EQ(spans[0]["status"], Json::object());
  EXPECT_EQ(spans[5]["status"], Json::object());
}

TEST(OtlpJson, IsJsonWhateverACallerSends) {
  const std::string kBad = "\xef\xbf\xbd";
  TracedRequest request = a_write();
  request.path = "/v1/\xff\xc3\x28\x01\"\\\xe2\x80\xa8";
  request.reason = std::string("a\0b\n", 4);
  const Json span = otlp(std::move(request))["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  EXPECT_EQ(attribute(span, "url.path"), text("/v1/" + kBad + kBad + "(\x01\"\\" + kBad + kBad + kBad));
}

TEST(OtlpJson, ReadsHowManySpansWereRefused) {
  EXPECT_EQ(read_export_answer("{}").rejected, 0U);
  EXPECT_EQ(read_export_answer(R"({"partialSuccess": {}})").rejected, 0U);
  const ExportAnswer answer =
      read_export_answer(R"({"partialSuccess": {"rejectedSpans": "7", "errorMessage": "too old"}})");
  EXPECT_EQ(answer.rejected, 7U);
  EXPECT_EQ(answer.message, "too old");
  EXPECT_EQ(read_export_answer(R"({"partialSuccess": {"rejectedSpans": 7}})").rejected, 7U);
}

TEST(OtlpJson, ReadsNothingInAnAnswerOfAnotherKind) {
  for (const char* body :
       {"", "[", "[]", "null", "\xff", "{\"partialSuccess\": []}", "{\"partialSuccess\": null}",
        "{\"partialSuccess\": {\"rejectedSpans\": -1}}", "{\"partialSuccess\": {\"rejectedSpans\": \"x\"}}",
        "{\"partialSuccess\": {\"rejectedSpans\": {}, \"errorMessage\": 1}}"}) {
    EXPECT_EQ(read_export_answer(body).rejected, 0U) << body;
    EXPECT_EQ(read_export_answer(body).message, "") << body;
  }
  EXPECT_LE(
      read_export_answer("{\"partialSuccess\": {\"errorMessage\": \"" + std::string(10'000, 'x') + "\"}}")
          .message.size(),
      256U);
}

TEST(OtlpJson, ReadsAnAnswerThatIsNestedDeeplyWithoutADeepStack) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_EQ(read_export_answer("{\"partialSuccess\": {\"rejectedSpans\": " + deep + "}}").rejected, 0U);
  EXPECT_EQ(read_export_answer("{\"partialSuccess\": {\"errorMessage\": " + deep + "}}").message, "");
}

}  // namespace
}  // namespace sluice
