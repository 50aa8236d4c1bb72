// Webhooks that change while the audit runs, through the whole AuditLog.
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

uint64_t sequence_of(const HttpRequest& request) {
  return request.body.empty() ? 0 : parse(request.body)["data"]["sequence"].get<uint64_t>();
}

std::string type_of(const HttpRequest& request) { return parse(request.body)["type"]; }

// What the receiver of a log that has stopped got: each event from `first` on, in order. One may be repeated,
// none may be missing but the last: a checkpoint after gate.stopped may come too late.
std::vector<HttpRequest> expect_all(Receiver& receiver, const AuditLog& log, uint64_t first) {
  const auto requests = receiver.wait_for(log.last_sequence() - first);
  uint64_t next = first;
  for (const HttpRequest& request : requests) {
    const uint64_t sequence = sequence_of(request);
    EXPECT_LE(sequence, next) << "events are missing";
    EXPECT_GE(sequence + 1, next) << "more than one is repeated";
    next = std::max(next, sequence + 1);
  }
  EXPECT_GE(next, log.last_sequence());
  return requests;
}

class AuditTakeUp : public testing::Test {
 protected:
  void take_up(AuditLog& log, std::vector<ResolvedWebhook> webhooks) {
    const auto done = log.take_up(config_, std::move(webhooks));
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
  }
  // `count` denials, which are on disk when it returns.
  void deny(AuditLog& log, size_t count) {
    for (size_t i = 0; i < count; ++i, ++token_)
      log.submit(new_record(AuditType::kRequestDenied, uuid_v7()), i + 1 == count ? &answers_ : nullptr,
                 token_);
    EXPECT_TRUE(answers_.wait(token_ - 1));
  }
  std::vector<WebhookRow> rows() {
    auto reader = SpoolReader::open(config_.spool);
    return *(*reader)->webhooks();
  }

  TempFolder folder_;
  AuditConfig config_ = audit_config(folder_);
  Answers answers_;
  uint64_t token_ = 0;
};

TEST_F(AuditTakeUp, BringsANewWebhookTheEventsFromThenOn) {
  Receiver receiver;
  const auto log = open_or_fail(config_, {}, fast());
  EXPECT_TRUE(log->webhooks().empty());
  deny(*log, 10);
  take_up(*log, {receiver.webhook()});
  deny(*log, 10);
  log->stop(kPatience);
  expect_all(receiver, *log, 12);
  EXPECT_EQ(log->webhooks().at(0).backlog, 0U);
}

TEST_F(AuditTakeUp, SendsNothingMoreToAWebhookThatIsTakenOutAndForgetsIt) {
  Receiver removed;
  Receiver kept;
  const auto log = open_or_fail(config_, {removed.webhook("removed"), kept.webhook("kept")}, fast());
  deny(*log, 10);
  removed.wait_for(11);
  take_up(*log, {kept.webhook("kept")});
  deny(*log, 10);
  log->stop(kPatience);
  expect_all(kept, *log, 1);
  EXPECT_EQ(removed.wait_for(11).size(), 11U);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows()[0].name, "kept");
}

TEST_F(AuditTakeUp, KeepsNothingForAWebhookThatIsTakenOut) {
  Receiver closed([](size_t) { return with_status(503); });
  config_.retain_age = Millis(1);
  AuditOptions options = fast();
  options.retention_interval = Millis(1);
  const auto log = open_or_fail(config_, {closed.webhook()}, options);
  deny(*log, 50);
  auto reader = SpoolReader::open(config_.spool);
  EXPECT_EQ(*(*reader)->first_sequence(), 1);
  take_up(*log, {});
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (*(*reader)->first_sequence() < 50 && std::chrono::steady_clock::now() < deadline) deny(*log, 1);
  EXPECT_GE(*(*reader)->first_sequence(), 50);
}

TEST_F(AuditTakeUp, SaysHowManyEventsAWebhookLosesThatCameLater) {
  Receiver closed([](size_t) { return with_status(503); });
  Receiver open;
  AuditOptions options = fast();
  options.retention_interval = Millis(1);
  const auto log = open_or_fail(config_, {open.webhook("first"), open.webhook("second")}, options);
  config_.retain_size = 256_KiB;
  take_up(*log, {closed.webhook("late"), open.webhook("first")});
  deny(*log, 3'000);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::set<std::string> losers;
  while (losers.empty() && std::chrono::steady_clock::now() < deadline) {
    deny(*log, 10);
    for (const HttpRequest& request : open.wait_for(1))
      if (type_of(request) == "io.sluice.audit.gap")
        losers.insert(parse(request.body)["data"]["webhook"].get<std::string>());
  }
  EXPECT_TRUE(losers.contains("late"));
  EXPECT_FALSE(losers.contains("second"));
}

TEST_F(AuditTakeUp, LosesNothingAndKeepsTheOrderWhenASecretChangesUnderLoad) {
  Receiver receiver;
  ResolvedWebhook webhook = receiver.webhook();
  webhook.config.signature = WebhookSignature::kStandard;
  const auto secret = [](int number) {
    return Secret("whsec_" + base64_encode("secret number " + std::to_string(number)));
  };
  webhook.secrets = {secret(0)};
  const auto log = open_or_fail(config_, {webhook}, fast());
  std::atomic<bool> is_done{false};
  std::thread load([&log, &is_done] {
    while (!is_done) {
      log->submit(new_record(AuditType::kRequestDenied, uuid_v7()));
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  for (int i = 1; i <= 100; ++i) {
    webhook.secrets = {secret(i), secret(i - 1)};
    take_up(*log, {webhook});
  }
  is_done = true;
  load.join();
  deny(*log, 1);
  log->stop(kPatience);
  const auto requests = expect_all(receiver, *log, 1);
  const auto signer = Signer::make(WebhookSignature::kStandard, webhook.secrets);
  const HttpRequest& last = requests.back();
  EXPECT_EQ(last.header("webhook-signature"),
            (*signer)
                .sign(last.header("webhook-id"), std::stoll(std::string(last.header("webhook-timestamp"))),
                      last.body)
                .second);
  std::map<std::string, std::string> bodies;
  for (const HttpRequest& request : requests)
    EXPECT_EQ(bodies.emplace(request.header("webhook-id"), request.body).first->second, request.body);
}

TEST_F(AuditTakeUp, DoesNotDisturbAWebhookThatIsAsBefore) {
  std::atomic<bool> is_open{false};
  Receiver patient([&is_open](size_t) { return with_status(is_open ? 200 : 503); });
  Receiver slow([](size_t) { return with_status(0); });
  AuditOptions options = fast();
  options.retry_delays = {std::chrono::hours(1)};
  const auto log = open_or_fail(config_, {patient.webhook("patient"), slow.webhook("slow")}, options);
  patient.wait_for(1);
  slow.wait_for(1);
  Receiver other;
  for (int i = 0; i < 20; ++i) {
    std::vector<ResolvedWebhook> webhooks{patient.webhook("patient"), slow.webhook("slow")};
    if (i % 2 == 0) webhooks.insert(webhooks.begin(), other.webhook("other"));
    take_up(*log, std::move(webhooks));
  }
  // Neither the wait for the next attempt nor the delivery under way has ended.
  EXPECT_EQ(patient.wait_for(1).size(), 1U);
  EXPECT_EQ(slow.wait_for(1).size(), 1U);
  // A change is a reason to try again.
  is_open = true;
  ResolvedWebhook changed = patient.webhook("patient");
  changed.headers = {{"Authorization", Secret("Bearer new-token")}};
  take_up(*log, {changed, slow.webhook("slow")});
  EXPECT_EQ(patient.wait_for(2)[1].header("authorization"), "Bearer new-token");
  EXPECT_EQ(patient.wait_for(2)[1].header("webhook-id"), patient.wait_for(2)[0].header("webhook-id"));
}

TEST_F(AuditTakeUp, ReportsTheReturnOfASuspendedWebhookWhoseSecretIsCorrected) {
  Receiver receiver([](const HttpRequest& request) {
    return with_status(request.header("authorization") == "Bearer right" ? 200 : 401);
  });
  ResolvedWebhook webhook = receiver.webhook();
  webhook.headers = {{"Authorization", Secret("Bearer wrong")}};
  const auto log = open_or_fail(config_, {webhook}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.suspended; });
  webhook.headers = {{"Authorization", Secret("Bearer right")}};
  take_up(*log, {webhook});
  const WebhookState state = wait_for_state(*log, [](const WebhookState& s) { return !s.suspended; });
  EXPECT_GE(state.failed, 5U);
  receiver.wait_for_type("webhook.resumed");
}

TEST_F(AuditTakeUp, LeavesAWebhookDisabledBy410UntilItsUrlChanges) {
  Receiver gone([](size_t) { return with_status(410); });
  const auto log = open_or_fail(config_, {gone.webhook()}, fast());
  wait_for_state(*log, [](const WebhookState& s) { return s.disabled; });
  ResolvedWebhook changed = gone.webhook();
  changed.headers = {{"X-Team", Secret("security")}};
  take_up(*log, {changed});
  EXPECT_TRUE(log->webhooks().at(0).disabled);
  deny(*log, 5);
  Receiver other;
  take_up(*log, {other.webhook()});
  EXPECT_FALSE(log->webhooks().at(0).disabled);
  deny(*log, 1);
  other.wait_for_type("webhook.resumed");
  log->stop(kPatience);
  EXPECT_EQ(gone.wait_for(1).size(), 1U);
  expect_all(other, *log, 1);
}

TEST_F(AuditTakeUp, GoesOnAfterARestartAsItWasTakenUp) {
  Receiver first;
  Receiver second;
  {
    const auto log = open_or_fail(config_, {}, fast());
    deny(*log, 5);
    take_up(*log, {first.webhook("first")});
    take_up(*log, {second.webhook("second")});
    deny(*log, 5);
    log->stop(kPatience);
  }
  ASSERT_EQ(rows().size(), 1U);
  const auto log = open_or_fail(config_, {second.webhook("second")}, fast());
  log->stop(kPatience);
  expect_all(second, *log, 7);
}

TEST_F(AuditTakeUp, IsNotHeldUpByAReceiverThatHangs) {
  Receiver hangs([](size_t) { return with_status(0); });
  Receiver other;
  const auto log = open_or_fail(config_, {hangs.webhook("hangs")}, fast());
  hangs.wait_for(1);
  ResolvedWebhook unknown = other.webhook("unknown");
  unknown.config.url.host = unknown.config.url.authority = "name.invalid";
  // Would last longer than the test's patience if it waited for an attempt.
  for (int i = 0; i < 100; ++i) {
    ResolvedWebhook changed = hangs.webhook("hangs");
    changed.config.url.path = "/hook/" + std::to_string(i);
    take_up(*log, {changed, other.webhook("other"), unknown});
    take_up(*log, {other.webhook("other")});
  }
  deny(*log, 10);
  log->stop(kPatience);
  expect_all(other, *log, 2);
}

TEST_F(AuditTakeUp, ChangesNothingForAWebhookThatCannotWork) {
  Receiver receiver;
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  ResolvedWebhook broken = receiver.webhook("broken");
  broken.config.events = {"reqest.*"};
  auto done = log->take_up(config_, {broken});
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message.find("webhook broken: events"), std::string::npos);
  EXPECT_EQ(log->webhooks().at(0).name, "siem");
  AuditConfig elsewhere = config_;
  elsewhere.spool = folder_.file("other.db");
  done = log->take_up(elsewhere, {receiver.webhook()});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().message, "audit.spool has changed, which takes effect at a restart only");
  deny(*log, 3);
  log->stop(kPatience);
  expect_all(receiver, *log, 1);
}

TEST_F(AuditTakeUp, IsSafeWhileOthersReadTheStatesAndAfterTheStop) {
  Receiver receiver;
  const auto log = open_or_fail(config_, {receiver.webhook()}, fast());
  std::atomic<bool> is_done{false};
  std::thread reader([&log, &is_done] {
    while (!is_done)
      for (const WebhookState& state : log->webhooks()) EXPECT_FALSE(state.name.empty());
  });
  for (int i = 0; i < 200; ++i)
    take_up(*log, i % 3 == 0 ? std::vector<ResolvedWebhook>{}
                             : std::vector<ResolvedWebhook>{receiver.webhook(i % 3 == 1 ? "a" : "b")});
  is_done = true;
  reader.join();
  log->stop(kPatience);
  take_up(*log, {receiver.webhook("late")});
  EXPECT_NE(log->webhooks().empty() ? "" : log->webhooks()[0].name, "late");
}

}  // namespace
}  // namespace sluice
