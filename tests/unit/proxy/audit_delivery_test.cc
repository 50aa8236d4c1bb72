// Deliveries to a scripted receiver, through the whole AuditLog.
#include "proxy/audit/delivery.h"

#include <atomic>
#include <set>

#include "audit_fixture.h"
#include "proxy/audit/signature.h"

namespace sluice {
namespace {

AuditOptions fast() {
  AuditOptions options;
  options.group_wait = Millis(2);
  options.retry_delays = {Millis(1)};
  options.attempt_timeout = kPatience;
  return options;
}

// The sequence numbers of deliveries, in their order.
std::vector<uint64_t> sequences(const std::vector<HttpRequest>& requests) {
  std::vector<uint64_t> list;
  for (const HttpRequest& request : requests)
    list.push_back(request.body.empty() ? 0 : parse(request.body)["data"]["sequence"].get<uint64_t>());
  return list;
}

std::vector<uint64_t> range(uint64_t first, uint64_t last) {
  std::vector<uint64_t> list;
  for (uint64_t i = first; i <= last; ++i) list.push_back(i);
  return list;
}

void submit_denials(AuditLog& log, size_t count) {
  for (size_t i = 0; i < count; ++i) log.submit(new_record(AuditType::kRequestDenied, uuid_v7()));
}

class AuditDelivery : public testing::Test {
 protected:
  TempFolder folder_;
  AuditConfig config_ = audit_config(folder_);
};

TEST_F(AuditDelivery, BringsEveryEventInOrderAsItIsStored) {
  Receiver receiver;
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  submit_denials(*log, 100);
  log->stop(kPatience);
  const auto requests = receiver.wait_for(103);  // the last is a checkpoint
  EXPECT_EQ(sequences(requests), range(1, 103));
  const auto events = read_spool(config_.spool);
  ASSERT_EQ(events.size(), 103U);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(requests[i].body, events[i].body);
    EXPECT_EQ(requests[i].header("webhook-id"), events[i].id);
  }
}

TEST_F(AuditDelivery, PostsACloudEventWithItsHeaders) {
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.signature = WebhookSignature::kStandard;
  webhook.secrets = {Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                     Secret("whsec_" + base64_encode("older secret"))};
  webhook.headers = {{"Authorization", Secret("Bearer siem-token")}};
  const auto signer = Signer::make(WebhookSignature::kStandard, webhook.secrets);
  const auto log = open_or_fail(config_, {webhook}, fast());
  const HttpRequest request = receiver.wait_for(1)[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/hook");
  EXPECT_EQ(request.query, "key=1");
  EXPECT_EQ(request.header("content-type"), "application/cloudevents+json");
  EXPECT_EQ(request.header("authorization"), "Bearer siem-token");
  EXPECT_EQ(request.header("webhook-id"), parse(request.body)["id"]);
  const int64_t time = std::stoll(std::string(request.header("webhook-timestamp")));
  EXPECT_NEAR(static_cast<double>(time), static_cast<double>(::time(nullptr)), 30);
  EXPECT_EQ(request.header("webhook-signature"),
            (*signer).sign(request.header("webhook-id"), time, request.body).second);
  EXPECT_EQ(request.header("webhook-signature").substr(0, 3), "v1,");
  EXPECT_EQ(request.body.find("siem-token"), std::string::npos);
}

TEST_F(AuditDelivery, TriesAgainWithTheSameIdAndOctetsUntilItIsTaken) {
  Receiver receiver([](size_t number) { return with_status(number == 0 ? 503 : number == 1 ? 500 : 200); });
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  const auto requests = receiver.wait_for(3);
  for (size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(requests[i].body, requests[0].body);
    EXPECT_EQ(requests[i].header("webhook-id"), requests[0].header("webhook-id"));
  }
  const WebhookState state = wait_for_state(*log, [](const WebhookState& s) { return s.delivered == 1; });
  EXPECT_EQ(state.failed, 2U);
  EXPECT_EQ(state.last_error, "");
  EXPECT_EQ(state.backlog, 0U);
}

TEST_F(AuditDelivery, HoldsEverythingBackBehindAnEventThatIsNotTaken) {
  Receiver receiver([](size_t number) { return with_status(number < 5 ? 500 : 200); });
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  submit_denials(*log, 3);
  auto seen = sequences(receiver.wait_for(9));
  seen.resize(9);  // what the failures themselves are reported by may have come too
  EXPECT_EQ(seen, (std::vector<uint64_t>{1, 1, 1, 1, 1, 1, 2, 3, 4}));
}

TEST_F(AuditDelivery, NeverTriesBeforeARetryAfter) {
  std::atomic<int64_t> first{0};
  std::atomic<int64_t> second{0};
  const auto now_ms = [] {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::milliseconds(1);
  };
  Receiver receiver([&first, &second, now_ms](size_t number) {
    if (number == 0) {
      first = now_ms();
      return HttpResponse{429, {{"Retry-After", "1"}}, ""};
    }
    if (number == 1) second = now_ms();
    return with_status(200);
  });
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  receiver.wait_for(2);
  EXPECT_GE(second - first, 990);
}

TEST_F(AuditDelivery, RemembersARetryAfterOverARestart) {
  Receiver receiver([](size_t) { return HttpResponse{503, {{"Retry-After", "3600"}}, ""}; });
  {
    const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
    wait_for_state(*log, [](const WebhookState& s) { return s.failed == 1; });
  }
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.backlog == 4; });
  log->stop(kPatience);  // returns at once: nothing may be sent within the patience
  EXPECT_EQ(receiver.wait_for(1).size(), 1U);
}

TEST_F(AuditDelivery, DoesNotFollowARedirect) {
  Receiver receiver([](size_t number) {
    if (number == 0) return HttpResponse{307, {{"Location", "/elsewhere"}}, ""};
    return with_status(200);
  });
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  const auto requests = receiver.wait_for(2);
  EXPECT_EQ(requests[1].path, "/hook");
  EXPECT_EQ(wait_for_state(*log, [](const WebhookState& s) { return s.delivered == 1; }).failed, 1U);
}

TEST_F(AuditDelivery, IsDisabledBy410UntilTheUrlChanges) {
  Receiver receiver([](size_t) { return with_status(410); });
  {
    const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
    const WebhookState state = wait_for_state(*log, [](const WebhookState& s) { return s.disabled; });
    EXPECT_EQ(state.backlog, 0U);
    EXPECT_EQ(state.last_error, "answered 410");
    submit_denials(*log, 5);
    log->stop(kPatience);
  }
  {
    const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
    EXPECT_TRUE(wait_for_state(*log, [](const WebhookState& s) { return s.disabled; }).disabled);
    log->stop(kPatience);
  }
  EXPECT_EQ(receiver.wait_for(1).size(), 1U);
  Receiver other;
  const auto log = open_or_fail(config_, {other.webhook()}, fast());
  const auto seen = sequences(other.wait_for(11));  // with webhook.suspended
  EXPECT_EQ(seen, range(1, seen.size()));
}

TEST_F(AuditDelivery, GoesOnAfterARestartWithoutAGap) {
  {
    Receiver receiver([](size_t number) { return with_status(number < 10 ? 200 : 500); });
    const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
    submit_denials(*log, 30);
    receiver.wait_for(12);
    log->stop(Millis(0));
  }
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  const auto log = open_or_fail(config_, {webhook}, fast());
  log->stop(kPatience);
  const auto seen = sequences(receiver.wait_for(26));
  EXPECT_EQ(seen, range(11, 36));
}

TEST_F(AuditDelivery, StartsANewWebhookAtTheEventsFromNowOn) {
  {
    const auto log = open_or_fail(config_, {}, fast());
    submit_denials(*log, 10);
  }
  Receiver receiver;
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  EXPECT_EQ(sequences(receiver.wait_for(1)), range(14, 14));
}

TEST_F(AuditDelivery, BringsOnlyTheTypesThatAreWanted) {
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.events = {"request.*", "gate.stopped"};
  const auto log = open_or_fail(config_, {webhook}, fast());
  for (int i = 0; i < 300; ++i) {
    AuditRecord record;
    record.type = AuditType::kPolicyReloaded;
    log->submit(std::make_unique<AuditRecord>(std::move(record)));
  }
  submit_denials(*log, 1);
  log->stop(kPatience);
  const auto seen = sequences(receiver.wait_for(2));
  EXPECT_EQ(seen, (std::vector<uint64_t>{302, 303}));
  EXPECT_GE((*(*SpoolReader::open(config_.spool))->webhooks()).at(0).acked, 303U);
}

TEST_F(AuditDelivery, IsNotHeldBackByAnotherWebhook) {
  Receiver slow([](size_t) { return with_status(0); });
  Receiver quick;
  const auto log = open_or_fail(config_, {slow.webhook("slow"), quick.webhook("quick")}, fast());
  submit_denials(*log, 50);
  EXPECT_EQ(sequences(quick.wait_for(51)), range(1, 51));
  const auto states = log->webhooks();
  EXPECT_EQ(states[0].name, "slow");
  EXPECT_EQ(states[0].delivered, 0U);
  log->stop(Millis(20));
}

TEST_F(AuditDelivery, GivesUpAnAttemptThatTakesTooLong) {
  Receiver receiver([](size_t number) { return with_status(number == 0 ? 0 : 200); });
  AuditOptions options = fast();
  options.attempt_timeout = Millis(100);
  const auto log = open_or_fail(config_, {receiver.webhook()}, options);
  const auto requests = receiver.wait_for(2);
  EXPECT_EQ(requests[0].body, requests[1].body);
}

TEST_F(AuditDelivery, CountsWhatIsBehindAndNamesTheError) {
  Receiver receiver([](size_t) { return with_status(500); });
  AuditOptions options = fast();
  options.retry_delays = {std::chrono::hours(1)};
  const auto log = open_or_fail(config_, {receiver.webhook()}, options);
  submit_denials(*log, 20);
  const WebhookState state =
      wait_for_state(*log, [](const WebhookState& s) { return s.backlog == 21 && s.failed == 1; });
  EXPECT_EQ(state.last_error, "answered 500");
  EXPECT_GE(state.lag_seconds, 0);
}

TEST_F(AuditDelivery, SendsNothingToAForbiddenAddress) {
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.public_only = true;
  const auto log = open_or_fail(config_, {webhook}, fast());
  const WebhookState state = wait_for_state(*log, [](const WebhookState& s) { return s.failed > 2; });
  EXPECT_NE(state.last_error.find("127.0.0.1 is not public"), std::string::npos) << state.last_error;
  EXPECT_EQ(receiver.wait_for(0).size(), 0U);
}

TEST_F(AuditDelivery, DropsTheOldestBeyondTheSpoolsSizeAndReportsTheExactLoss) {
  std::atomic<bool> reachable{false};
  Receiver receiver([&reachable](size_t) { return with_status(reachable ? 200 : 500); });
  config_.retain_size = 512_KiB;
  AuditOptions options = fast();
  options.retention_interval = Millis(1);
  options.retry_delays = {Millis(20)};
  const auto log = open_or_fail(config_, {receiver.webhook()}, options);
  Answers answers;
  for (uint64_t i = 1; i <= 2'000; ++i) {
    log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(i)),
                i % 50 == 0 ? &answers : nullptr, i);
    if (i % 50 != 0) continue;
    EXPECT_TRUE(answers.wait(i));
  }
  // Each of these lets the audit thread remove one more chunk: afterwards it has caught up.
  for (uint64_t i = 2'001; i <= 2'050; ++i) {
    log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(i)), &answers, i);
    EXPECT_TRUE(answers.wait(i));
  }
  receiver.wait_for(1);
  reachable = true;
  receiver.wait_for_type("audit.gap");
  wait_for_state(*log, [](const WebhookState& s) { return s.backlog == 0; });
  log->stop(kPatience);
  std::set<uint64_t> gaps;
  std::set<uint64_t> others;
  uint64_t lost = 0;
  for (const HttpRequest& request : receiver.wait_for_type("gate.stopped")) {
    const auto data = parse(request.body)["data"];
    const auto sequence = data["sequence"].get<uint64_t>();
    if (!data.contains("lost")) {
      others.insert(sequence);
    } else if (gaps.insert(sequence).second) {
      lost += data["lost"].get<uint64_t>();
    }
  }
  // Start, requests and stop were either taken or counted. What was read ahead, 128 events at most, in the
  // moment of a removal is both.
  EXPECT_GT(lost, 500U);
  EXPECT_GE(others.size() + lost, 2'052U);
  EXPECT_LE(others.size() + lost, 2'052U + 128 * gaps.size()) << gaps.size();
}

TEST_F(AuditDelivery, RefusesAWebhookThatCannotWork) {
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.events = {"reqest.*"};
  auto log = open_audit_log(config_, {webhook});
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.error().message.find("webhook siem: events: \"reqest.*\""), std::string::npos);
  webhook = receiver.webhook();
  webhook.config.signature = WebhookSignature::kStandard;
  log = open_audit_log(config_, {webhook});
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.error().message.find("webhook siem: there is no secret"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(config_.spool));
}

}  // namespace
}  // namespace sluice
