#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/address.h"
#include "proxy/cli/simulate/event_lines.h"
#include "proxy/crypto.h"
#include "tests/unit/proxy/simulator_requests.h"

namespace sluice {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kNow = 1'700'000'000;
constexpr const char* kEvent =
    R"({"specversion":"1.0","id":"i1","type":"io.sluice.request.forwarded","subject":"push.employees.merge","data":{"sequence":7,"operation":"push.employees.merge","client":"soar","decision":"allow","upstream_status":200}})";
constexpr const char* kLine = "verified 7 io.sluice.request.forwarded push.employees.merge soar allow 200";

std::string octets(const Sha256& digest) { return {digest.begin(), digest.end()}; }

class WebhookReceiver : public testing::Test {
 protected:
  explicit WebhookReceiver(WebhookOptions options = {}) {
    if (options.secrets.empty())
      options.secrets = {Secret("whsec_" + base64_encode("old-key")),
                         Secret("whsec_" + base64_encode("key"))};
    options.print = [this](std::string_view line) { lines_.emplace_back(line); };
    receiver_ = std::move(*make_webhook_simulator(std::move(options)));
  }

  static Headers standard(const std::string& body, int64_t at = kNow, const std::string& id = "i1",
                          const std::string& key = "key") {
    const std::string time = std::to_string(at);
    return {{"Webhook-Id", id},
            {"Webhook-Timestamp", time},
            {"Webhook-Signature",
             "v1,AAAA v1," + base64_encode(octets(hmac_sha256(key, id + "." + time + "." + body)))}};
  }

  int deliver(const std::string& body, Headers headers) {
    return receiver_->answer(request_of("POST", "/hooks", body, std::move(headers)), {Nanos(0), kNow}).status;
  }
  json stats() { return json::parse(receiver_->answer(request_of("GET", std::string(kStatsPath)), {}).body); }

  std::vector<std::string> lines_;
  std::unique_ptr<Simulator> receiver_;
};

TEST_F(WebhookReceiver, VerifiesAStandardWebhookAndPrintsItsEvent) {
  EXPECT_EQ(deliver(kEvent, standard(kEvent)), 200);
  EXPECT_EQ(deliver(kEvent, standard(kEvent, kNow - 300, "i2", "old-key")), 200);
  EXPECT_THAT(lines_, ElementsAre(kLine, kLine));
}

TEST_F(WebhookReceiver, VerifiesTheSchemesPublishedExample) {
  // From the Standard Webhooks specification's own test vector.
  const std::string body = R"({"test": 2432232314})";
  WebhookOptions options;
  options.secrets = {Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
  options.print = [](std::string_view) {};
  const auto receiver = std::move(*make_webhook_simulator(options));
  HttpRequest request =
      request_of("POST", "/", body,
                 {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                  {"webhook-timestamp", "1614265330"},
                  {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}});
  EXPECT_EQ(receiver->answer(request, {Nanos(0), 1614265330}).status, 200);
  request.body += " ";
  EXPECT_EQ(receiver->answer(request, {Nanos(0), 1614265330}).status, 401);
}

TEST_F(WebhookReceiver, RefusesWhatDoesNotVerifyAndSaysWhy) {
  const auto without = [](const std::string& name) {
    Headers headers = standard(kEvent);
    std::erase_if(headers, [&name](const auto& header) { return header.first == name; });
    return headers;
  };
  EXPECT_EQ(deliver(kEvent, {}), 401);
  EXPECT_EQ(deliver(kEvent, without("Webhook-Id")), 401);
  EXPECT_EQ(deliver(kEvent, without("Webhook-Timestamp")), 401);
  EXPECT_EQ(deliver(kEvent, without("Webhook-Signature")), 401);
  EXPECT_EQ(deliver(kEvent, standard(kEvent, kNow, "i1", "other")), 401);
  EXPECT_EQ(deliver(std::string(kEvent) + " ", standard(kEvent)), 401);
  EXPECT_EQ(deliver(kEvent, standard(kEvent, kNow - 301)), 401);
  EXPECT_EQ(deliver(kEvent, standard(kEvent, kNow + 301)), 401);
  Headers other_id = standard(kEvent);
  other_id[0].second = "i2";
  EXPECT_EQ(deliver(kEvent, other_id), 401);
  EXPECT_THAT(
      lines_,
      ElementsAre("unverified: webhook-id or webhook-signature is missing",
                  "unverified: webhook-id or webhook-signature is missing",
                  "unverified: the timestamp is missing or no number",
                  "unverified: webhook-id or webhook-signature is missing", "unverified: no signature fits",
                  "unverified: no signature fits", "unverified: the timestamp is more than 5 minutes old",
                  "unverified: the timestamp is more than 5 minutes ahead", "unverified: no signature fits"));
  EXPECT_EQ(stats()["unverified"], 9);
}

TEST_F(WebhookReceiver, VerifiesThePushStyleSignature) {
  const std::string secret = "whsec_" + base64_encode("key");
  const auto signed_at = [&](int64_t at, bool upper) {
    std::string mac = hex(hmac_sha256(secret, std::to_string(at) + "." + kEvent));
    if (upper)
      for (char& c : mac) c = static_cast<char>(std::toupper(c));
    return Headers{{"X-Signature", "t=" + std::to_string(at) + ",v1=00,v1=" + mac}};
  };
  EXPECT_EQ(deliver(kEvent, signed_at(kNow, true)), 200);
  EXPECT_EQ(deliver(kEvent, signed_at(kNow - 10, false)), 200);
  EXPECT_EQ(deliver(kEvent, signed_at(kNow - 301, true)), 401);
  for (const char* value : {"t=1700000000", "v1=00", "t=1700000000,v1=00", "nonsense", "t=,v1="})
    EXPECT_EQ(deliver(kEvent, {{"x-signature", value}}), 401) << value;
  EXPECT_EQ(lines_[1], std::string(kLine) + " duplicate");
}

TEST_F(WebhookReceiver, MarksADeliveryThatItHasTakenBefore) {
  EXPECT_EQ(deliver(kEvent, standard(kEvent, kNow, "i1", "wrong")), 401);
  EXPECT_EQ(deliver(kEvent, standard(kEvent)), 200);
  EXPECT_EQ(deliver(kEvent, standard(kEvent, kNow - 5)), 200);
  EXPECT_EQ(lines_[1], kLine);
  EXPECT_EQ(lines_[2], std::string(kLine) + " duplicate");
  EXPECT_EQ(stats()["duplicates"], 1);
}

TEST_F(WebhookReceiver, TakesOnlyPost) {
  EXPECT_EQ(receiver_->answer(request_of("GET", "/"), {}).status, 405);
  EXPECT_THAT(lines_, IsEmpty());
}

class FailingReceiver : public WebhookReceiver {
 protected:
  static WebhookOptions failing() {
    WebhookOptions options;
    options.fail_first = 2;
    return options;
  }
  FailingReceiver() : WebhookReceiver(failing()) {}
};

TEST_F(FailingReceiver, FailsTheFirstDeliveriesAndRemembersNothingOfThem) {
  EXPECT_EQ(deliver(kEvent, standard(kEvent)), 503);
  EXPECT_EQ(deliver(kEvent, standard(kEvent)), 503);
  EXPECT_EQ(deliver(kEvent, standard(kEvent)), 200);
  EXPECT_THAT(lines_, ElementsAre(kLine));
  EXPECT_EQ(stats()["statuses"], json({{"200", 1}, {"503", 2}}));
  EXPECT_EQ(stats()["failed_on_purpose"], 2);
}

class JsonReceiver : public WebhookReceiver {
 protected:
  static WebhookOptions lines() {
    WebhookOptions options;
    options.json = true;
    return options;
  }
  JsonReceiver() : WebhookReceiver(lines()) {}
};

TEST_F(JsonReceiver, PrintsAJsonLineForEachEvent) {
  deliver(kEvent, standard(kEvent));
  deliver(kEvent, standard(kEvent));
  deliver(kEvent, {});
  EXPECT_EQ(json::parse(lines_[0]), json({{"verified", true}, {"event", json::parse(kEvent)}}));
  EXPECT_EQ(json::parse(lines_[1])["duplicate"], true);
  EXPECT_EQ(json::parse(lines_[2])["verified"], false);
}

TEST(WebhookReceiverWithoutSecrets, SaysThatNothingWasChecked) {
  std::vector<std::string> lines;
  const auto receiver = std::move(
      *make_webhook_simulator({{}, false, 0, [&lines](std::string_view line) { lines.emplace_back(line); }}));
  EXPECT_EQ(receiver->answer(request_of("POST", "/", kEvent), {}).status, 200);
  EXPECT_THAT(lines[0], HasSubstr("unchecked 7 "));
}

TEST(WebhookReceiverSecrets, HaveToBeBase64BehindTheirPrefix) {
  EXPECT_FALSE(make_webhook_simulator({{Secret("whsec_!")}, false, 0, {}}).ok());
  EXPECT_FALSE(make_webhook_simulator({{Secret("whsec_")}, false, 0, {}}).ok());
  EXPECT_TRUE(make_webhook_simulator({{Secret("psws_0123")}, false, 0, {}}).ok());
}

TEST(EventLines, UnderstandBatchesAndCollectorsObjects) {
  const std::string event = kEvent;
  EXPECT_EQ(split_events("[" + event + "," + event + "]").size(), 2U);
  EXPECT_EQ(split_events("[]").size(), 0U);
  const std::vector<Json> objects =
      split_events(R"({"time":1,"event":)" + event + "}\n{\"time\":2,\"event\":" + event + "}");
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(describe_event(objects[1]), "7 io.sluice.request.forwarded push.employees.merge soar allow 200");
}

TEST(EventLines, CannotBeBrokenByTheirContent) {
  EXPECT_EQ(describe_event(Json{{"type", "a b\nverified 1"},
                                {"data", {{"client", ""}, {"sequence", {1, 2}}, {"operation", nullptr}}}}),
            "[1,2] a?b?verified?1 - - - -");
  for (const char* body : {"", "nonsense", "{\"a\":", "\xff", "{} x"}) {
    ASSERT_EQ(split_events(body).size(), 1U) << body;
    EXPECT_EQ(describe_event(split_events(body)[0]), "- - - - - -") << body;
  }
  EXPECT_EQ(describe_event(Json{{"type", std::string(5000, 'x')}}).size(), 200U + 10);
}

}  // namespace
}  // namespace sluice
