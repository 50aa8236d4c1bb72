// What the tests of the verifier share: a spool with checkpoints, what is known about it from outside, and
// changes to a copy of it behind the gate's back.
#pragma once

#include <fstream>

#include "audit_fixture.h"
#include "proxy/audit/checkpoint.h"
#include "proxy/audit/checkpoint_key.h"
#include "proxy/audit/spool_check.h"
#include "proxy/audit/sqlite.h"

namespace sluice {

inline std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_whole(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

// One run of a gate: started, `count` requests, stopped; with a checkpoint after every 8 events.
inline void run_gate(const AuditConfig& config, size_t count, AuditOptions options = {}) {
  options.checkpoint_events = 8;
  const auto log = open_or_fail(config, {}, options);
  Answers answers;
  for (uint64_t i = 1; i <= count; ++i) {
    log->submit(new_record(AuditType::kRequestDenied, "r" + std::to_string(i)), &answers, i);
    EXPECT_TRUE(answers.wait(i));
  }
  log->stop(Millis(0));
}

inline AuditCheck::Known known_of(const std::string& spool) {
  AuditCheck::Known known;
  if (auto keys = read_public_keys(spool + ".pub")) known.keys = *keys;
  if (auto lines = read_checkpoint_file(spool + ".checkpoints")) known.checkpoints = *lines;
  EXPECT_FALSE(known.keys.empty());
  return known;
}

inline AuditReport verify(const std::string& spool, AuditCheck::Known known) {
  auto reader = SpoolReader::open(spool);
  if (!reader) {
    AuditReport report;
    report.findings.push_back({0, "open", reader.error().message});
    return report;
  }
  return check_spool(**reader, std::move(known));
}
inline AuditReport verify(const std::string& spool) { return verify(spool, known_of(spool)); }

inline std::string rules(const AuditReport& report) {
  std::string all;
  for (const AuditFinding& finding : report.findings) all += finding.rule + ": " + finding.message + "\n";
  return all;
}
inline bool has_rule(const AuditReport& report, const std::string& rule) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&rule](const AuditFinding& finding) { return finding.rule == rule; });
}

// A connection that changes a spool as somebody with a database tool would.
class Intruder {
 public:
  explicit Intruder(const std::string& spool) {
    auto database = sqlite::Database::open(spool, sqlite::Access::kReadWrite);
    EXPECT_TRUE(database.ok());
    database_ = std::move(*database);
    run("PRAGMA synchronous = OFF; BEGIN");
  }
  ~Intruder() { run("COMMIT"); }
  void run(const std::string& sql) {
    const auto done = database_->run(sql, "change it");
    EXPECT_TRUE(done.ok()) << sql << ": " << done.error().message;
  }
  void put(const StoredRow& row) {
    sqlite::Statement statement(*database_, "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?)");
    statement.start()
        .bind_signed(row.sequence)
        .bind_text(row.id)
        .bind_text(row.type)
        .bind_signed(row.time_ms);
    EXPECT_TRUE(statement.bind_blob(row.body).run());
  }
  void remove(int64_t sequence) { run("DELETE FROM events WHERE sequence = " + std::to_string(sequence)); }
  void set_head(int64_t sequence, const std::string& body) {
    run("UPDATE meta SET head_sequence = " + std::to_string(sequence) + ", head_hash = '" + event_hash(body) +
        "'");
  }
  // All events anew.
  void replace(const std::vector<StoredRow>& rows) {
    run("DELETE FROM events");
    for (const StoredRow& row : rows) put(row);
    set_head(rows.back().sequence, rows.back().body);
  }

 private:
  std::unique_ptr<sqlite::Database> database_;
};

inline std::vector<StoredRow> rows_of(const std::string& spool) {
  auto reader = SpoolReader::open(spool);
  if (!reader) return {};
  auto rows = (*reader)->rows(INT64_MIN, 1'000'000);
  return rows ? *rows : std::vector<StoredRow>{};
}

// Computes numbers and chain anew from `from` on, as somebody without the key can.
inline void rechain(std::vector<StoredRow>& rows, size_t from) {
  for (size_t i = std::max<size_t>(from, 1); i < rows.size(); ++i) {
    auto json = nlohmann::ordered_json::parse(rows[i].body);
    rows[i].sequence = rows[i - 1].sequence + 1;
    json["data"]["sequence"] = rows[i].sequence;
    json["data"]["previous"] = event_hash(rows[i - 1].body);
    rows[i].body = json.dump();
  }
}

}  // namespace sluice
