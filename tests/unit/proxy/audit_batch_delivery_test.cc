// Deliveries of several events, what a receiver refuses, consent and acknowledgement, to a scripted receiver
// through the whole AuditLog.
#include <atomic>
#include <mutex>

#include "audit_fixture.h"
#include "proxy/audit/delivery.h"

namespace sluice {
namespace {

AuditOptions fast() {
  AuditOptions options;
  options.group_wait = Millis(2);
  options.retry_delays = {Millis(1)};
  options.attempt_timeout = kPatience;
  options.confirm_interval = Millis(1);
  return options;
}

std::vector<uint64_t> sequences_of(const HttpRequest& request) {
  std::vector<uint64_t> list;
  if (request.body.empty()) return list;
  for (const auto& event : parse(request.body)) list.push_back(event["data"]["sequence"].get<uint64_t>());
  return list;
}

class AuditBatchDelivery : public testing::Test {
 protected:
  // Puts `count` denials and a start and a stop into the spool, for a webhook that takes none of them yet.
  void fill(size_t count) {
    Receiver closed([](size_t) { return with_status(503); });
    const auto log = open_or_fail(config_, {batch(closed)}, slow());
    for (size_t i = 0; i < count; ++i) log->submit(new_record(AuditType::kRequestDenied, uuid_v7()));
    closed.wait_for(1);
    log->stop(Millis(0));
  }
  static AuditOptions slow() {
    AuditOptions options = fast();
    options.retry_delays = {std::chrono::hours(1)};
    return options;
  }
  static ResolvedWebhook batch(const Receiver& receiver) {
    ResolvedWebhook webhook = receiver.webhook();
    webhook.config.format = WebhookFormat::kCloudEventsBatch;
    return webhook;
  }
  std::vector<DeadLetter> dead_letters() {
    auto reader = SpoolReader::open(config_.spool);
    return *(*reader)->dead_letters("siem", 0, 1'000);
  }

  TempFolder folder_;
  AuditConfig config_ = audit_config(folder_);
};

TEST_F(AuditBatchDelivery, SendsWhatWaitsInOrderAHundredAtATime) {
  fill(250);
  Receiver receiver;
  const auto log = open_or_fail(config_, {batch(receiver)}, fast());
  log->stop(kPatience);
  std::vector<uint64_t> seen;
  for (const HttpRequest& request : receiver.wait_for(3)) {
    const auto sequences = sequences_of(request);
    EXPECT_LE(sequences.size(), 100U);
    EXPECT_EQ(request.header("content-type"), "application/cloudevents-batch+json");
    EXPECT_EQ(request.header("webhook-id"), parse(request.body)[0]["id"]);
    seen.insert(seen.end(), sequences.begin(), sequences.end());
  }
  ASSERT_GE(seen.size(), 254U);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i + 1);
}

TEST_F(AuditBatchDelivery, KeepsWhatADeliveryConsistsOfBeforeItIsSent) {
  fill(20);
  std::atomic<int> unsaved{0};
  Receiver receiver([this, &unsaved](size_t) {
    auto reader = SpoolReader::open(config_.spool);
    const WebhookRow row = (*(*reader)->webhooks()).at(0);
    if (row.batch_through <= row.acked) ++unsaved;
    return with_status(200);
  });
  const auto log = open_or_fail(config_, {batch(receiver)}, fast());
  log->stop(kPatience);
  EXPECT_EQ(unsaved, 0);
}

TEST_F(AuditBatchDelivery, SendsTheSameIdAndOctetsAfterARestart) {
  fill(5);
  HttpRequest first;
  {
    Receiver receiver([](size_t) { return with_status(503); });
    ResolvedWebhook webhook = batch(receiver);
    webhook.config.url.authority = "siem.example";  // so that the next one counts as the same
    const auto log = open_or_fail(config_, {webhook}, slow());
    first = receiver.wait_for(1)[0];
    for (size_t i = 0; i < 50; ++i) log->submit(new_record(AuditType::kRequestDenied, uuid_v7()));
    log->stop(Millis(0));
  }
  Receiver receiver;
  ResolvedWebhook webhook = batch(receiver);
  webhook.config.url.authority = "siem.example";
  const auto log = open_or_fail(config_, {webhook}, fast());
  const HttpRequest again = receiver.wait_for(1)[0];
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("webhook-id"), first.header("webhook-id"));
}

TEST_F(AuditBatchDelivery, SendsEachEventOfAKeptBatchWhenTheFormatIsChangedToSingleEvents) {
  fill(5);
  {
    Receiver receiver([](size_t) { return with_status(503); });
    ResolvedWebhook webhook = batch(receiver);
    webhook.config.url.authority = "siem.example";  // so that the next one counts as the same
    const auto log = open_or_fail(config_, {webhook}, slow());
    EXPECT_GT(sequences_of(receiver.wait_for(1)[0]).size(), 1U);
    log->stop(Millis(0));
  }
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.url.authority = "siem.example";
  const auto log = open_or_fail(config_, {webhook}, fast());
  log->stop(kPatience);
  const size_t events = read_spool(config_.spool).size();
  const auto requests = receiver.wait_for(events - 1);  // its last checkpoint may come too late
  for (size_t i = 0; i < events - 1; ++i) EXPECT_EQ(parse(requests[i].body)["data"]["sequence"], i + 1);
}

// Refuses deliveries that hold one of these, whatever else is in them.
HttpResponse refuse(const HttpRequest& request, const std::vector<uint64_t>& poison, int status) {
  for (const uint64_t sequence : sequences_of(request))
    if (std::find(poison.begin(), poison.end(), sequence) != poison.end()) return with_status(status);
  return with_status(200);
}

TEST_F(AuditBatchDelivery, SetsAsideExactlyWhatTheReceiverRefuses) {
  fill(250);
  std::mutex mutex;
  std::vector<uint64_t> taken;
  Receiver receiver([&](const HttpRequest& request) {
    const HttpResponse response = refuse(request, {1, 77, 78, 200}, 422);
    if (response.status != 200) return response;
    const std::lock_guard lock(mutex);
    for (const uint64_t sequence : sequences_of(request)) taken.push_back(sequence);
    return response;
  });
  const auto log = open_or_fail(config_, {batch(receiver)}, fast());
  const WebhookState state =
      wait_for_state(*log, [](const WebhookState& s) { return s.dead_letters == 4 && s.backlog == 0; });
  log->stop(kPatience);
  EXPECT_FALSE(state.suspended);
  std::vector<uint64_t> aside;
  for (const DeadLetter& letter : dead_letters()) {
    aside.push_back(letter.sequence);
    EXPECT_EQ(letter.reason, "answered 422");
    EXPECT_EQ(parse(letter.body)["data"]["sequence"], letter.sequence);
  }
  EXPECT_EQ(aside, (std::vector<uint64_t>{1, 77, 78, 200}));
  const std::lock_guard lock(mutex);
  taken.insert(taken.end(), aside.begin(), aside.end());
  std::sort(taken.begin(), taken.end());
  for (size_t i = 0; i < taken.size(); ++i) ASSERT_EQ(taken[i], i + 1);
  EXPECT_GE(taken.size(), 253U);
}

TEST_F(AuditBatchDelivery, AsksAReceiverThatRefusesEverythingOnlyAtThePaceOfTheRetries) {
  fill(20);
  Receiver receiver([](size_t) { return with_status(400); });
  AuditOptions options = slow();
  const auto log = open_or_fail(config_, {batch(receiver)}, options);
  const WebhookState state = wait_for_state(*log, [](const WebhookState& s) { return s.dead_letters == 2; });
  EXPECT_GE(state.backlog, 20U);
  log->stop(Millis(0));
  EXPECT_EQ(dead_letters().size(), 2U);
}

TEST_F(AuditBatchDelivery, LosesDeadLettersBeforeEventsThatAreStillWantedWhenTheSpoolIsFull) {
  Receiver receiver([](const HttpRequest& request) {
    return with_status(sequences_of(request).front() < 300 ? 422 : 503);
  });
  config_.retain_size = 512_KiB;
  AuditOptions options = fast();
  options.retention_interval = Millis(1);
  const auto log = open_or_fail(config_, {batch(receiver)}, options);
  for (size_t i = 0; i < 500; ++i) log->submit(new_record(AuditType::kRequestDenied, uuid_v7()));
  wait_for_state(*log, [](const WebhookState& s) { return s.dead_letters >= 290; });
  Answers answers;
  for (uint64_t i = 0; !dead_letters().empty() && i < 5'000; ++i) {
    log->submit(new_record(AuditType::kRequestDenied, uuid_v7()), &answers, i);
    answers.wait(i);
  }
  EXPECT_TRUE(dead_letters().empty());
  log->stop(Millis(0));
}

TEST_F(AuditBatchDelivery, ReportsAWebhookThatFailsAgainAndAgainAndItsReturn) {
  Receiver receiver([](size_t number) { return with_status(number < 7 ? 500 : 200); });
  const auto log = open_or_fail(config_, {batch(receiver)}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.failed == 7 && s.backlog == 0 && !s.suspended; });
  log->stop(kPatience);
  std::vector<std::string> reports;
  for (const StoredEvent& event : read_spool(config_.spool)) {
    const auto data = parse(event.body)["data"];
    if (!data.contains("webhook")) continue;
    EXPECT_EQ(data["webhook"], "siem");
    reports.emplace_back(to_text(event.type));
    if (event.type == AuditType::kWebhookSuspended) {
      EXPECT_EQ(data["reason"], "answered 500");
    }
  }
  EXPECT_EQ(reports, (std::vector<std::string>{"webhook.suspended", "webhook.resumed"}));
}

TEST_F(AuditBatchDelivery, ReportsAWebhookThatAsksForAPauseBeyondAnHour) {
  Receiver receiver([](size_t) { return HttpResponse{503, {{"Retry-After", "7200"}}, ""}; });
  const auto log = open_or_fail(config_, {batch(receiver)}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.failed == 1 && s.suspended; });
}

TEST_F(AuditBatchDelivery, SendsNothingBeforeTheReceiverConsents) {
  std::atomic<int> deliveries{0};
  std::atomic<int> asked{0};
  Receiver receiver([&](const HttpRequest& request) {
    EXPECT_NE(request.header("webhook-request-origin"), "");
    if (request.method != "OPTIONS") {
      ++deliveries;
      EXPECT_EQ(asked, 3);
      return with_status(200);
    }
    if (++asked == 1) return with_status(200);  // a status is no consent
    if (asked == 2) return HttpResponse{200, {{"WebHook-Allowed-Origin", "other.example"}}, ""};
    return HttpResponse{200, {{"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", "60000"}}, ""};
  });
  ResolvedWebhook webhook = batch(receiver);
  webhook.config.handshake = true;
  const auto log = open_or_fail(config_, {webhook}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.delivered > 0 && s.backlog == 0; });
  EXPECT_EQ(asked, 3);
  EXPECT_GE(deliveries, 1);
}

TEST_F(AuditBatchDelivery, TakesNoFasterThanTheReceiverAllows) {
  Receiver receiver([](const HttpRequest& request) {
    if (request.method != "OPTIONS") return with_status(200);
    return HttpResponse{200, {{"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", "1"}}, ""};
  });
  fill(150);
  ResolvedWebhook webhook = batch(receiver);
  webhook.config.handshake = true;
  const auto log = open_or_fail(config_, {webhook}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.delivered == 1; });
  log->stop(Millis(10'000));  // returns at once: the next one is a minute away
  EXPECT_EQ(receiver.wait_for(2).size(), 2U);
}

TEST_F(AuditBatchDelivery, CountsEventsAsTakenOnceTheyAreIndexed) {
  fill(3);
  std::atomic<int> polls{0};
  std::mutex mutex;
  std::vector<std::string> bodies;
  Receiver receiver([&](const HttpRequest& request) {
    EXPECT_NE(request.header("x-splunk-request-channel"), "");
    if (request.path == "/services/collector/ack") {
      EXPECT_EQ(parse(request.body), parse(R"({"acks":[7]})"));
      return HttpResponse{200, {}, ++polls < 3 ? R"({"acks":{"7":false}})" : R"({"acks":{"7":true}})"};
    }
    const std::lock_guard lock(mutex);
    bodies.push_back(request.body);
    return HttpResponse{200, {}, R"({"text":"Success","code":0,"ackId":7})"};
  });
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.format = WebhookFormat::kSplunkHec;
  webhook.config.indexer_acknowledgement = true;
  webhook.config.url.path = "/services/collector/event";
  const auto log = open_or_fail(config_, {webhook}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.delivered == 1; });
  EXPECT_GE(polls, 3);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(bodies.size(), 1U);
}

TEST_F(AuditBatchDelivery, SendsAgainWhatIsNeverIndexed) {
  Receiver receiver([](const HttpRequest& request) {
    if (request.path == "/services/collector/ack") return HttpResponse{200, {}, R"({"acks":{"7":false}})"};
    return HttpResponse{200, {}, R"({"text":"Success","code":0,"ackId":7})"};
  });
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.format = WebhookFormat::kSplunkHec;
  webhook.config.indexer_acknowledgement = true;
  webhook.config.url.path = "/services/collector/event";
  AuditOptions options = fast();
  options.confirm_timeout = Millis(5);
  const auto log = open_or_fail(config_, {webhook}, options);
  const WebhookState state = wait_for_state(*log, [](const WebhookState& s) { return s.failed >= 2; });
  EXPECT_EQ(state.delivered, 0U);
  EXPECT_EQ(state.last_error, "took the events and did not index them");
}

TEST_F(AuditBatchDelivery, BringsOnlyWhatTheFilterWants) {
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.events = {"request.*"};
  webhook.config.filter.clients = {"siem"};
  const auto log = open_or_fail(config_, {webhook}, fast());
  for (size_t i = 0; i < 500; ++i) {
    auto record = new_record(AuditType::kRequestDenied, uuid_v7());
    if (i % 100 == 99) record->client = "siem";
    log->submit(std::move(record));
  }
  log->stop(kPatience);
  const auto requests = receiver.wait_for(5);
  EXPECT_EQ(requests.size(), 5U);
  for (const HttpRequest& request : requests) EXPECT_EQ(parse(request.body)["data"]["client"], "siem");
}

}  // namespace
}  // namespace sluice
