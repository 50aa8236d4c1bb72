// Checkpoints and who verifies them: what is signed when, and what is found.
#include "proxy/audit/spool_check.h"

#include "audit_verify_fixture.h"
#include "proxy/audit/checkpointer.h"

namespace sluice {
namespace {

using std::chrono::seconds;

class AuditVerify : public testing::Test {
 protected:
  TempFolder folder_;
  AuditConfig config_ = audit_config(folder_);
};

size_t count_rows(const std::vector<StoredRow>& rows, const std::string& type) {
  return static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [&type](const StoredRow& row) { return row.type == type; }));
}

TEST_F(AuditVerify, FindsTheSpoolOfTwoRunsWholeAndSignedToItsLastOctet) {
  run_gate(config_, 20);
  run_gate(config_, 3);
  const AuditReport report = verify(config_.spool);
  EXPECT_EQ(rules(report), "");
  const auto rows = rows_of(config_.spool);
  EXPECT_EQ(report.first, 1);
  EXPECT_EQ(report.last, rows.back().sequence);
  EXPECT_EQ(report.events, rows.size());
  EXPECT_EQ(report.checkpoints, count_rows(rows, "audit.checkpoint"));
  EXPECT_GE(report.checkpoints, 4U);
  EXPECT_TRUE(report.signatures_checked);
  // The file's last line signs the last checkpoint's own event.
  EXPECT_EQ(report.signed_through, static_cast<uint64_t>(report.last));
}

TEST_F(AuditVerify, SignsTheStopWithACheckpointRightAfterIt) {
  run_gate(config_, 1);
  const auto rows = rows_of(config_.spool);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[2].type, "gate.stopped");
  EXPECT_EQ(rows[3].type, "audit.checkpoint");
  const auto head = parse(rows[3].body)["data"]["checkpoint"];
  EXPECT_EQ(head["sequence"], 3);
  EXPECT_EQ(head["hash"], event_hash(rows[2].body));
  const auto started = parse(rows[0].body)["data"];
  const auto note = parse_note(head["note"].get<std::string>());
  ASSERT_TRUE(note);
  const auto key = parse_note_verifier(started["checkpoint_key"].get<std::string>());
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(verify_note(*note, std::vector{*key}), NoteVerdict::kGood);
  const auto signed_text = parse_checkpoint(note->text);
  ASSERT_TRUE(signed_text);
  EXPECT_EQ(signed_text->spool_id, started["spool"]);
  EXPECT_EQ(signed_text->time, parse(rows[3].body)["time"]);
}

TEST_F(AuditVerify, SignsAfterSoManyEventsOrSoMuchTimeAndNothingWhenIdle) {
  AuditOptions options;
  options.checkpoint_events = 10;
  options.checkpoint_interval = Millis(60'000);
  Checkpointer checkpointer(NoteSigner(checkpoint_key_name("x"), Ed25519Key::generate()), "x", config_,
                            options, 5);
  const Checkpointer::Clock::time_point start{};
  EXPECT_FALSE(checkpointer.is_due(5, true, start + seconds(1000)));  // covered
  EXPECT_EQ(checkpointer.due_at(), Checkpointer::Clock::time_point::max());
  EXPECT_FALSE(checkpointer.is_due(6, false, start));
  EXPECT_EQ(checkpointer.due_at(), start + seconds(60));
  EXPECT_FALSE(checkpointer.is_due(14, false, start + seconds(59)));
  EXPECT_TRUE(checkpointer.is_due(15, false, start + seconds(59)));
  EXPECT_TRUE(checkpointer.is_due(6, false, start + seconds(60)));
  EXPECT_TRUE(checkpointer.is_due(6, true, start));
  checkpointer.on_queued(16);
  EXPECT_FALSE(checkpointer.is_due(16, true, start + seconds(1000)));
  EXPECT_EQ(checkpointer.due_at(), Checkpointer::Clock::time_point::max());
}

TEST_F(AuditVerify, SignsWhenTheTimeIsThereWithoutAnotherEvent) {
  AuditOptions options;
  options.checkpoint_interval = Millis(20);
  options.retention_interval = std::chrono::hours(1);  // nothing else wakes the thread
  const auto log = open_or_fail(config_, {}, options);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (log->last_sequence() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(log->last_sequence(), 2U);
  EXPECT_EQ(rows_of(config_.spool).back().type, "audit.checkpoint");
}

TEST_F(AuditVerify, GoesOnWhenTheCheckpointFileCannotBeWrittenAndSaysSo) {
  std::filesystem::create_directory(config_.spool + ".checkpoints");
  AuditOptions options;
  options.checkpoint_events = 1;
  const auto log = open_or_fail(config_, {}, options);
  Answers answers;
  log->submit(new_record(AuditType::kRequestDenied, "r"), &answers, 1);
  EXPECT_TRUE(answers.wait(1));
  log->stop(Millis(0));
  EXPECT_TRUE(log->usable());
  EXPECT_NE(log->checkpoints().trouble.find(config_.spool + ".checkpoints"), std::string::npos)
      << log->checkpoints().trouble;
  AuditCheck::Known known;
  known.keys = *read_public_keys(config_.spool + ".pub");
  EXPECT_EQ(rules(verify(config_.spool, known)), "");
}

TEST_F(AuditVerify, MovesALongCheckpointFileAsideAndMendsAnUnfinishedLine) {
  CheckpointFile file(folder_.file("x"), Durability::kPower, Bytes{1000});
  const SignedHead head{1, std::string(64, 'a'), "note\n"};
  ASSERT_TRUE(file.append(head).ok());
  write_whole(folder_.file("x"), read_whole(folder_.file("x")) + "{\"sequence\":2,\"ha");
  ASSERT_TRUE(file.append(head).ok());
  auto lines = read_checkpoint_file(folder_.file("x"));
  ASSERT_TRUE(lines.ok());
  ASSERT_EQ(lines->size(), 2U);
  EXPECT_EQ((*lines)[1].head.note, head.note);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(file.append(head).ok());
  EXPECT_GT(std::filesystem::file_size(folder_.file("x.1")), 1000U);
  EXPECT_LT(std::filesystem::file_size(folder_.file("x")), 1000U);
}

TEST_F(AuditVerify, FindsASpoolWholeWhoseBeginningRetentionRemovedAndNotOneThatWasCutThere) {
  AuditOptions options;
  options.retention_interval = Millis(1);
  AuditConfig short_lived = config_;
  short_lived.retain_age = Millis(1);
  {
    const auto log = open_or_fail(short_lived, {}, options);
    Answers answers;
    for (uint64_t i = 1; i <= 5; ++i) log->submit(new_record(AuditType::kRequestDenied, "r"), &answers, i);
    EXPECT_TRUE(answers.wait(5));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (rows_of(config_.spool).size() > 1 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    log->stop(Millis(0));
  }
  run_gate(config_, 9);
  const AuditReport report = verify(config_.spool);
  EXPECT_EQ(rules(report), "");
  EXPECT_GT(report.first, 1);
  Intruder(config_.spool).remove(report.first);
  EXPECT_TRUE(has_rule(verify(config_.spool), "beginning"));
  Intruder(config_.spool).run("DELETE FROM facts");
  EXPECT_TRUE(has_rule(verify(config_.spool), "beginning"));
}

TEST_F(AuditVerify, FindsAChainThatWasComputedAnewWithoutTheKey) {
  run_gate(config_, 20);
  const AuditCheck::Known known = known_of(config_.spool);
  auto rows = rows_of(config_.spool);
  const size_t at = rows[3].type == "request.denied" ? 3 : 4;
  const size_t client = rows[at].body.find("soar");
  ASSERT_NE(client, std::string::npos);
  rows[at].body.replace(client, 4, "evil");
  rechain(rows, at + 1);
  Intruder(config_.spool).replace(rows);
  AuditCheck::Known without_file = known;
  without_file.checkpoints.clear();
  const AuditReport report = verify(config_.spool, without_file);
  EXPECT_FALSE(has_rule(report, "chain")) << rules(report);
  EXPECT_TRUE(has_rule(report, "checkpoint"));
  EXPECT_TRUE(has_rule(verify(config_.spool, known), "checkpoint-file"));
}

TEST_F(AuditVerify, FindsATailThatWasCutByTheCheckpointFile) {
  run_gate(config_, 20);
  const auto rows = rows_of(config_.spool);
  {
    Intruder intruder(config_.spool);
    intruder.run("DELETE FROM events WHERE sequence > 9");
    intruder.set_head(9, rows[8].body);
  }
  const AuditReport report = verify(config_.spool);
  ASSERT_TRUE(has_rule(report, "tail")) << rules(report);
  EXPECT_NE(rules(report).find("event " + std::to_string(rows.size()) + " was signed at"), std::string::npos);
}

TEST_F(AuditVerify, ChecksBesideARunningGateThatWritesOnAndRemoves) {
  AuditOptions options;
  options.checkpoint_events = 8;
  options.retention_interval = Millis(1);
  config_.retain_size = 256_KiB;
  const auto log = open_or_fail(config_, {}, options);
  std::atomic<bool> done{false};
  std::thread writer([&log, &done] {
    Answers answers;
    for (uint64_t i = 1; !done; ++i) {
      log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(i)), &answers, i);
      answers.wait(i);
    }
  });
  int64_t first = 0;
  for (int round = 0; round < 20 || first < 100; ++round) {
    const AuditReport report = verify(config_.spool);
    EXPECT_EQ(rules(report), "");
    first = report.first;
    if (round > 2'000) {
      ADD_FAILURE() << "retention removed nothing";
      break;
    }
  }
  done = true;
  writer.join();
}

TEST_F(AuditVerify, FollowsRetentionThatOvertakesIt) {
  AuditOptions options;
  options.checkpoint_events = 400;
  {
    const auto log = open_or_fail(config_, {}, options);
    for (int i = 0; i < 1'200; ++i) log->submit(new_record(AuditType::kRequestDenied, "r"));
  }
  const auto key = Ed25519Key::from_pem(read_whole(config_.spool + ".key"));
  ASSERT_TRUE(key);
  auto reader = SpoolReader::open(config_.spool);
  ASSERT_TRUE(reader.ok());
  const std::string id = *(*reader)->id();
  const auto remove = [&](uint64_t through) {
    auto spool = Spool::open(config_.spool, Durability::kProcess, SpoolCheck::kHead);
    ASSERT_TRUE(spool.ok());
    const NoteSigner signer(checkpoint_key_name(id), *Ed25519Key::from_pem(key->to_pem().reveal()));
    SpoolChange change;
    change.head = (*spool)->head();
    change.remove_through = through;
    change.facts.push_back({std::string(kRemovalFact), signer.sign(to_text(Removal{id, through, "now"}))});
    ASSERT_TRUE((*spool)->apply(change).ok());
  };
  bool removed = false;
  const AuditReport report =
      check_spool(**reader, known_of(config_.spool), [&remove, &removed](uint64_t events, uint64_t) {
        if (events == 500 && !std::exchange(removed, true)) remove(800);
      });
  EXPECT_TRUE(removed);
  EXPECT_EQ(rules(report), "");
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_EQ(report.warnings.back(), "the gate removed events after 500 while they were checked");
}

TEST_F(AuditVerify, TellsHowFarItIs) {
  run_gate(config_, 20);
  auto reader = SpoolReader::open(config_.spool);
  ASSERT_TRUE(reader.ok());
  std::vector<std::pair<uint64_t, uint64_t>> told;
  const AuditReport report =
      check_spool(**reader, known_of(config_.spool),
                  [&told](uint64_t events, uint64_t all) { told.emplace_back(events, all); });
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back(), std::pair(report.events, report.events));
}

TEST_F(AuditVerify, ReadsEveryEventAsHostile) {
  const std::string deep = R"({"id":"a","type":"b","time":"c","data":)" + std::string(1'000'000, '[');
  EXPECT_FALSE(read_event_fields(deep));
  EXPECT_FALSE(read_event_fields(std::string(1'000'000, '[') + std::string(1'000'000, ']')));
  const std::string good = R"({"id":"a","type":"b","time":"c","data":{"sequence":1,"previous":"p"}})";
  EXPECT_TRUE(read_event_fields(good));
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(read_event_fields(good.substr(0, size)));
  EXPECT_FALSE(read_event_fields(good + "x"));
  EXPECT_FALSE(event_time_ms("2026-01-31T12:00:00Z"));
  EXPECT_EQ(event_time_ms("1970-01-01T00:00:01.002Z"), 1002);
}

}  // namespace
}  // namespace sluice
