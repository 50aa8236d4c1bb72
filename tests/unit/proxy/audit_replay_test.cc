// sluice audit replay, to a receiver on loopback.
#include <cstdlib>

#include "audit_commands_fixture.h"
#include "proxy/audit/replay.h"

namespace sluice {
namespace {

class AuditReplay : public AuditCommands {
 protected:
  // A configuration whose webhook is the receiver.
  void configure(const Receiver& receiver) const {
    write("sluice.yaml", std::string(kAuditedConfig) +
                             "audit:\n  webhooks:\n    - { name: siem, url: \"http://127.0.0.1:" +
                             std::to_string(receiver.port()) +
                             "/hook\", secret: { env: SLUICE_TEST_WEBHOOK }, events: [\"request.*\"] }\n");
    setenv("SLUICE_TEST_WEBHOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
  }
  Ran replay_command(std::vector<std::string> more) const {
    std::vector<std::string> arguments = {"replay", "--config", path("sluice.yaml"), "--webhook", "siem"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(AuditReplay, SendsStoredEventsOnceMoreSignedAndMovesNoPosition) {
  run_gate(config_, 5);
  Receiver receiver;
  configure(receiver);
  const auto before = rows_of(config_.spool);
  const Ran ran = replay_command({"--from", "2", "--to", "4"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("3 deliveries to siem, through event 4"), std::string::npos) << ran.out;
  const auto requests = receiver.wait_for(3);
  ASSERT_EQ(requests.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(requests[i].body, before[i + 1].body);
    EXPECT_EQ(requests[i].header("webhook-id"), before[i + 1].id);
    EXPECT_EQ(requests[i].header("webhook-signature").substr(0, 3), "v1,");
  }
  auto reader = SpoolReader::open(config_.spool);
  EXPECT_EQ((*reader)->webhooks()->size(), 0U);
}

TEST_F(AuditReplay, SaysWhatWasRefused) {
  run_gate(config_, 3);
  Receiver receiver([](size_t number) { return HttpResponse{number == 1 ? 400 : 200, {}, ""}; });
  configure(receiver);
  const Ran ran = replay_command({"--from", "1"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("1 events were refused, the last: event 3: answered 400"), std::string::npos)
      << ran.out;
  EXPECT_EQ(replay_command({}).exit_code, 2);
  const Ran unknown = run({"replay", "--config", path("sluice.yaml"), "--webhook", "sime", "--from", "1"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("the configuration has no webhook \"sime\", did you mean \"siem\"?"),
            std::string::npos);
}

TEST_F(AuditReplay, TriesAgainAndGivesUpAfterFiveFailuresInARow) {
  run_gate(config_, 3);
  auto spool = SpoolReader::open(config_.spool);
  ASSERT_TRUE(spool.ok());
  AuditOptions options;
  options.retry_delays = {Millis(1)};
  std::pair<uint64_t, uint64_t> told;
  const auto run_with = [&](const Receiver& receiver) {
    auto target = make_delivery_target(receiver.webhook(), "here");
    EXPECT_TRUE(target.ok());
    return replay(
        std::move(*target), [&spool](uint64_t after) { return (*spool)->read(after, 100); }, options,
        [&told](uint64_t deliveries, uint64_t through) {
          told = {deliveries, through};
        });
  };
  const Receiver busy([](size_t number) { return HttpResponse{number < 2 ? 503 : 200, {}, ""}; });
  const ReplayResult taken = run_with(busy);
  EXPECT_EQ(taken.error, "");
  EXPECT_EQ(taken.deliveries, 6U);
  EXPECT_EQ(taken.through, 6U);
  EXPECT_EQ(told, std::pair(taken.deliveries, taken.through));
  const Receiver down([](size_t) { return HttpResponse{503, {}, ""}; });
  const ReplayResult given_up = run_with(down);
  EXPECT_EQ(given_up.error, "answered 503");
  EXPECT_EQ(given_up.through, 0U);
}

TEST_F(AuditReplay, EndsWhenItCannotReadWhatItIsToSend) {
  run_gate(config_, 1);
  Intruder(config_.spool).run("INSERT INTO dead_letters VALUES ('siem', 2, 0, '', x'00')");
  const Receiver receiver;
  configure(receiver);
  const Ran ran = replay_command({"--dead"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.err.find("the dead letter of event 2 is damaged"), std::string::npos) << ran.err;
}

TEST_F(AuditReplay, SendsWhatWasSetAside) {
  run_gate(config_, 3);
  const StoredRow row = rows_of(config_.spool)[2];
  {
    auto spool = Spool::open(config_.spool, Durability::kProcess, SpoolCheck::kHead);
    ASSERT_TRUE(spool.ok());
    SpoolChange change;
    change.head = (*spool)->head();
    change.dead_letters.push_back({"siem", static_cast<uint64_t>(row.sequence), 0, "answered 400", row.body});
    ASSERT_TRUE((*spool)->apply(change).ok());
  }
  Receiver receiver;
  configure(receiver);
  const Ran ran = replay_command({"--dead"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const auto requests = receiver.wait_for(1);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].body, row.body);
  EXPECT_EQ(requests[0].header("webhook-id"), row.id);
}

}  // namespace
}  // namespace sluice
