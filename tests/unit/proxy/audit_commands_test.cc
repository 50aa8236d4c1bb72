// sluice audit verify, list and export, run as the command line runs them.
#include <sys/stat.h>

#include "audit_commands_fixture.h"

namespace sluice {
namespace {

TEST_F(AuditCommands, VerifySaysThatASpoolIsWholeAndHowFarItIsSigned) {
  run_gate(config_, 10);
  const Ran text = verify_spool();
  EXPECT_EQ(text.exit_code, 0) << text.out << text.err;
  EXPECT_NE(text.out.find("audit.db: whole: 14 events, 1 to 14, of spool "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("signed through event 14"), std::string::npos);
  EXPECT_NE(text.out.find("warning: the public key is from"), std::string::npos);
  EXPECT_EQ(text.err, "");
  const auto json = verify_spool({"--format", "json"}).json();
  EXPECT_EQ(json["status"], "whole");
  EXPECT_EQ(json["events"], 14);
  EXPECT_EQ(json["signatures_checked"], true);
  EXPECT_EQ(json["findings"].size(), 0U);
}

TEST_F(AuditCommands, VerifyNamesTheEventThatWasChangedAndExitsOne) {
  run_gate(config_, 10);
  StoredRow row = rows_of(config_.spool)[4];
  row.body.replace(row.body.find("soar"), 4, "evil");
  Intruder(config_.spool).put(row);
  const Ran text = verify_spool();
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_NE(text.out.find("event 6 does not follow from event 5: that one was changed or replaced"),
            std::string::npos)
      << text.out;
  const auto json = verify_spool({"--format", "json"}).json();
  EXPECT_EQ(json["status"], "broken");
  ASSERT_GE(json["findings"].size(), 1U);
  EXPECT_EQ(json["findings"][0]["rule"], "chain");
  EXPECT_EQ(json["findings"][0]["event"], 6);
}

TEST_F(AuditCommands, VerifyTakesTheKeyAsTextOrFromAFileAndRefusesWhatIsNone) {
  run_gate(config_, 1);
  const std::string key = read_whole(config_.spool + ".pub");
  EXPECT_EQ(verify_spool({"--public-key", key.substr(0, key.size() - 1)}).exit_code, 0);
  EXPECT_EQ(verify_spool({"--public-key", config_.spool + ".pub"}).exit_code, 0);
  const NoteVerifier other = make_note_verifier("other", Ed25519Key::generate().public_key());
  const Ran wrong = verify_spool({"--public-key", to_text(other)});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.out.find("none of the public keys is of spool"), std::string::npos);
  const Ran none = verify_spool({"--public-key", "nonsense"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("--public-key: "), std::string::npos) << none.err;
  std::filesystem::remove(config_.spool + ".pub");
  const Ran unsigned_one = verify_spool();
  EXPECT_EQ(unsigned_one.exit_code, 0);
  EXPECT_NE(unsigned_one.out.find("warning: no public key is known: signatures were not checked"),
            std::string::npos);
}

TEST_F(AuditCommands, EachSaysWhatIsWrongWithWhatIsNoSpool) {
  const auto expect = [this](const std::string& message) {
    for (const char* command : {"verify", "list", "export"}) {
      const Ran ran = on_spool(command);
      EXPECT_EQ(ran.exit_code, 2) << command;
      EXPECT_EQ(ran.out, "") << command;
      EXPECT_NE(ran.err.find(message), std::string::npos) << command << ": " << ran.err;
    }
  };
  expect("No such file or directory");
  write("audit.db", "");
  expect("is empty: no gate has written to it yet");
  write("audit.db", std::string(10'000, 'x'));
  expect("file is not a database");
  std::filesystem::remove(config_.spool);
  std::filesystem::create_directory(config_.spool);
  expect("is a folder: name the file in it");
  std::filesystem::remove(config_.spool);
  run_gate(config_, 100);
  Intruder(config_.spool).run("COMMIT; PRAGMA user_version = 99; BEGIN");
  expect("has format 99, and this version reads format 2");
  Intruder(config_.spool).run("COMMIT; PRAGMA application_id = 7; BEGIN");
  expect("is another program's database");
}

TEST_F(AuditCommands, VerifyFindsATruncatedSpoolDamaged) {
  run_gate(config_, 100);
  std::filesystem::resize_file(config_.spool, std::filesystem::file_size(config_.spool) / 2);
  const Ran ran = on_spool("verify");
  EXPECT_NE(ran.exit_code, 0) << ran.out;
  EXPECT_NE(on_spool("export").exit_code, 0);
}

TEST_F(AuditCommands, ListPrintsTheNewestLastAndFilters) {
  run_gate(config_, 10);
  const Ran all = on_spool("list");
  EXPECT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 14);
  EXPECT_LT(all.out.find("gate.started"), all.out.find("gate.stopped"));
  EXPECT_NE(all.out.find("request.denied  soar  push.employees.merge  allow"), std::string::npos) << all.out;
  const auto lines = [this](std::vector<std::string> more) {
    const Ran ran = on_spool("list", std::move(more));
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return std::count(ran.out.begin(), ran.out.end(), '\n');
  };
  EXPECT_EQ(lines({"--limit", "3"}), 3);
  EXPECT_EQ(lines({"--limit", "0"}), 14);
  EXPECT_EQ(lines({"--since", "3", "--until", "5"}), 3);
  EXPECT_EQ(lines({"--since", "1h"}), 14);
  EXPECT_EQ(lines({"--until", "1h"}), 0);
  EXPECT_EQ(lines({"--since", "2026-01-31T12:00:00Z", "--until", "2026-01-31T13:00:00Z"}), 0);
  EXPECT_EQ(lines({"--type", "gate.*"}), 2);
  EXPECT_EQ(lines({"--type", "gate.*", "--type", "audit.checkpoint"}), 4);
  EXPECT_EQ(lines({"--client", "soar"}), 10);
  EXPECT_EQ(lines({"--client", "nobody"}), 0);
  EXPECT_EQ(lines({"--operation", "push.employees.merge", "--api", "push", "--decision", "allow"}), 10);
  const auto json = on_spool("list", {"--format", "json", "--limit", "2"}).json();
  ASSERT_EQ(json["events"].size(), 2U);
  EXPECT_EQ(json["events"][1]["data"]["sequence"], 14);
  for (const char* bad : {"yesterday", "-1", "2026-13-01T00:00:00Z"}) {
    const Ran ran = on_spool("list", {"--since", bad});
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_NE(ran.err.find("--since: expected a time such as"), std::string::npos) << ran.err;
  }
  EXPECT_EQ(on_spool("list", {"--type", "reqest.*"}).exit_code, 2);
}

TEST_F(AuditCommands, ListEndsWhateverTheHeadSays) {
  run_gate(config_, 3);
  Intruder(config_.spool).set_head(INT64_MAX, "");
  const Ran ran = on_spool("list");
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("gate.stopped"), std::string::npos) << ran.out;
}

TEST_F(AuditCommands, ErrorsLetNothingControlTheTerminal) {
  run_gate(config_, 1);
  Intruder(config_.spool).run(
      "PRAGMA writable_schema = 1;"
      "INSERT INTO sqlite_master VALUES ('table', char(27) || '[31mred', 'x', 0, 'CREATE TABLE no(')");
  for (const char* command : {"verify", "list", "export"}) {
    const Ran ran = on_spool(command);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_NE(ran.err.find("\\x1b[31mred"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
  }
}

TEST_F(AuditCommands, ListLetsNothingControlTheTerminal) {
  {
    const auto log = open_or_fail(config_);
    AuditRecord record = request_record(AuditType::kRequestRefused, "r");
    record.path = "/v1/\x1b[31m\xC2\x9B\xE2\x80\xAE";
    log->submit(std::make_unique<AuditRecord>(std::move(record)));
  }
  const Ran ran = on_spool("list");
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);
  EXPECT_NE(ran.out.find("/v1/\\x1b[31m\\xc2\\x9b\\xe2\\x80\\xae"), std::string::npos) << ran.out;
}

TEST_F(AuditCommands, ExportWritesTheStoredOctetsAndVerifyChecksThem) {
  run_gate(config_, 10);
  std::string stored;
  for (const StoredRow& row : rows_of(config_.spool)) stored += row.body + "\n";
  const Ran out = on_spool("export");
  EXPECT_EQ(out.exit_code, 0);
  EXPECT_EQ(out.out, stored);
  EXPECT_NE(out.err.find("14 events, 1 to 14, exported"), std::string::npos) << out.err;
  EXPECT_EQ(on_spool("export", {"--output", path("all.ndjson")}).exit_code, 0);
  EXPECT_EQ(read_whole(path("all.ndjson")), stored);
  struct stat status {};
  ASSERT_EQ(stat(path("all.ndjson").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(on_spool("verify", {"--export", path("all.ndjson")}).exit_code, 0);
  const Ran alone = run({"verify", "--export", path("all.ndjson"), "--public-key", config_.spool + ".pub",
                         "--checkpoints", config_.spool + ".checkpoints"});
  EXPECT_EQ(alone.exit_code, 0) << alone.out << alone.err;
  EXPECT_NE(alone.out.find("signed through event 14"), std::string::npos) << alone.out;
}

TEST_F(AuditCommands, VerifySaysThatAFilteredExportHasGapsUnlessTheyAreAllowed) {
  run_gate(config_, 10);
  const std::string file = path("some.ndjson");
  EXPECT_EQ(
      on_spool("export", {"--output", file, "--type", "gate.*", "--type", "audit.checkpoint"}).exit_code, 0);
  const Ran ran = on_spool("verify", {"--export", file});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("are missing: they were taken out, or left out by a filter"), std::string::npos)
      << ran.out;
  const Ran allowed = on_spool("verify", {"--export", file, "--allow-gaps"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.out;
  EXPECT_NE(allowed.out.find("what is missing there cannot be told from what a filter left out"),
            std::string::npos);
  EXPECT_EQ(on_spool("export", {"--output", file, "--since", "4"}).exit_code, 0);
  EXPECT_EQ(on_spool("verify", {"--export", file}).exit_code, 1);
  EXPECT_EQ(on_spool("verify", {"--export", file, "--begins-at", "4"}).exit_code, 0);
}

TEST_F(AuditCommands, ExportLeavesNothingBehindWhenItCannotBeWritten) {
  run_gate(config_, 3);
  const Ran folder = on_spool("export", {"--output", path("no/such/folder")});
  EXPECT_EQ(folder.exit_code, 2);
  EXPECT_NE(folder.err.find("--output: "), std::string::npos) << folder.err;
  write("kept", "kept");
  EXPECT_EQ(on_spool("export", {"--output", path("kept"), "--since", "never"}).exit_code, 2);
  EXPECT_EQ(read_whole(path("kept")), "kept");
}

TEST_F(AuditCommands, ExportReplacesNeitherTheSpoolNorADevice) {
  run_gate(config_, 3);
  std::filesystem::create_symlink(config_.spool, path("link"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const std::string key = read_whole(config_.spool + ".key");
  for (const std::string& output : {config_.spool, config_.spool + ".key", path("link"), path("pipe")}) {
    const Ran ran = on_spool("export", {"--output", output});
    EXPECT_EQ(ran.exit_code, 2) << output;
    EXPECT_NE(ran.err.find("--output: "), std::string::npos) << ran.err;
  }
  EXPECT_TRUE(std::filesystem::is_fifo(path("pipe")));
  EXPECT_EQ(read_whole(config_.spool + ".key"), key);
  EXPECT_EQ(verify_spool().exit_code, 0);
}

TEST_F(AuditCommands, WantToKnowWhichSpool) {
  const Ran ran = run({"verify"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err, "sluice: name the spool: --config FILE or --spool FILE\n");
}

}  // namespace
}  // namespace sluice
