// Mutations of a spool, of an export, and of the octets of the database: the verifier finds every one. A few
// hundred of each, from a fixed seed; SLUICE_TAMPER_MUTATIONS and SLUICE_TAMPER_SEED ask for more and others.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "audit_verify_fixture.h"

namespace sluice {
namespace {

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

class AuditTamper : public testing::Test {
 protected:
  AuditTamper() {
    run_gate(config_, 24);
    run_gate(config_, 9);
    known_ = known_of(config_.spool);
    rows_ = rows_of(config_.spool);
    pristine_ = read_whole(config_.spool);
    EXPECT_EQ(rules(verify(config_.spool)), "");
    EXPECT_FALSE(known_.checkpoints.empty());
    std::error_code none;  // what is not in the main file
    EXPECT_EQ(std::filesystem::exists(config_.spool + "-wal", none)
                  ? std::filesystem::file_size(config_.spool + "-wal")
                  : 0,
              0U);
  }
  void restore() const {
    for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(config_.spool + part);
    write_whole(config_.spool, pristine_);
  }
  size_t any(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  size_t any_row() { return any(rows_.size()); }
  void flip(std::string& text) {
    const size_t at = any(text.size());
    text[at] = static_cast<char>(text[at] ^ (1 << any(8)));
  }
  void report_count(const char* what) const {
    std::cout << what << ": seed " << seed_ << ":";
    for (const auto& [kind, counts] : tried_)
      std::cout << "  " << kind << " " << counts.second << "/" << counts.first;
    std::cout << " found\n";
  }
  void count(const std::string& kind, bool found) {
    ++tried_[kind].first;
    tried_[kind].second += found ? 1 : 0;
  }

  TempFolder folder_;
  AuditConfig config_ = audit_config(folder_);
  AuditCheck::Known known_;
  std::vector<StoredRow> rows_;
  std::string pristine_;
  const uint64_t mutations_ = setting("SLUICE_TAMPER_MUTATIONS", 300);
  const uint64_t seed_ = setting("SLUICE_TAMPER_SEED", 1);
  std::mt19937_64 random_{seed_};
  std::map<std::string, std::pair<uint64_t, uint64_t>> tried_;  // and found
};

class SpoolTamper : public AuditTamper {
 protected:
  // Each changes a copy of the rows, or the database; all that it says is its name.
  std::string mutate() {
    Intruder intruder(config_.spool);
    switch (any(12)) {
      case 0: return flip_body(intruder);
      case 1: return change_column(intruder);
      case 2: return change_meta(intruder);
      case 3: return remove_some(intruder);
      case 4: return insert(intruder);
      case 5: return swap(intruder);
      case 6: return cut_tail(intruder);
      case 7: return cut_front(intruder);
      case 8: return edit_and_rechain(intruder);
      case 9: return remove_and_rechain(intruder);
      case 10: return rechain_without_checkpoints(intruder);
      default: return sign_with_another_key(intruder);
    }
  }

 private:
  std::string flip_body(Intruder& intruder) {
    StoredRow row = rows_[any_row()];
    flip(row.body);
    intruder.put(row);
    return "flip-body";
  }
  std::string change_column(Intruder& intruder) {
    StoredRow row = rows_[any_row()];
    switch (any(4)) {
      case 0: row.id[any(row.id.size())] ^= 1; break;
      case 1: row.type[any(row.type.size())] ^= 1; break;
      case 2: row.time_ms ^= int64_t{1} << any(62); break;
      default: intruder.remove(row.sequence); row.sequence ^= int64_t{1} << any(63);
    }
    intruder.put(row);
    return "column";
  }
  std::string change_meta(Intruder& intruder) {
    switch (any(4)) {
      case 0:
        intruder.run("UPDATE meta SET head_sequence = head_sequence + " + std::to_string(any(3) + 1));
        break;
      case 1:
        intruder.run("UPDATE meta SET head_hash = '" + std::string(64, "0123456789abcdef"[any(16)]) + "'");
        break;
      case 2: intruder.run("UPDATE meta SET spool_id = '" + uuid_v7() + "'"); break;
      default: intruder.run("DELETE FROM meta");
    }
    return "meta";
  }
  std::string remove_some(Intruder& intruder) {
    for (size_t left = 1 + any(3); left > 0; --left) intruder.remove(rows_[any_row()].sequence);
    return "delete";
  }
  std::string insert(Intruder& intruder) {
    StoredRow row = rows_[any_row()];
    switch (any(3)) {
      case 0: row.sequence = -static_cast<int64_t>(any(5)); break;
      case 1: row.sequence = rows_.back().sequence + 1 + static_cast<int64_t>(any(5)); break;
      default: {  // in the middle, the others make room
        std::vector<StoredRow> rows = rows_;
        const size_t at = any_row();
        row.sequence = rows[at].sequence;
        for (size_t i = at; i < rows.size(); ++i) ++rows[i].sequence;
        rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(at), row);
        intruder.replace(rows);
        return "insert";
      }
    }
    intruder.put(row);
    return "insert";
  }
  std::string swap(Intruder& intruder) {
    const size_t a = any_row();
    const size_t b = (a + 1 + any(rows_.size() - 1)) % rows_.size();
    StoredRow one = rows_[a];
    StoredRow other = rows_[b];
    if (any(2) == 0)
      std::swap(one.body, other.body);
    else
      std::swap(one.sequence, other.sequence);
    intruder.put(one);
    intruder.put(other);
    return "swap";
  }
  std::string cut_tail(Intruder& intruder) {
    const size_t keep = 1 + any(rows_.size() - 1);
    intruder.replace({rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(keep)});
    return "cut-tail";
  }
  std::string cut_front(Intruder& intruder) {
    intruder.run("DELETE FROM events WHERE sequence <= " + std::to_string(1 + any(rows_.size() - 1)));
    return "cut-front";
  }
  // A request becomes another one.
  void edit(StoredRow& row) {
    auto json = nlohmann::ordered_json::parse(row.body);
    json["data"]["client"] = "client-" + std::to_string(any(1'000));
    row.body = json.dump();
  }
  std::string edit_and_rechain(Intruder& intruder) {
    std::vector<StoredRow> rows = rows_;
    const size_t at = any_row();
    edit(rows[at]);
    rechain(rows, at + 1);
    intruder.replace(rows);
    return "edit-rechain";
  }
  std::string remove_and_rechain(Intruder& intruder) {
    std::vector<StoredRow> rows = rows_;
    const size_t at = any(rows.size() - 1);
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(at));
    if (at == 0) {
      auto json = nlohmann::ordered_json::parse(rows[0].body);
      json["data"]["sequence"] = rows[0].sequence = 1;
      json["data"]["previous"] = std::string(64, '0');
      rows[0].body = json.dump();
    }
    rechain(rows, at);
    intruder.replace(rows);
    return "delete-rechain";
  }
  std::string rechain_without_checkpoints(Intruder& intruder) {
    std::vector<StoredRow> rows = rows_;
    const size_t at = any_row();
    edit(rows[at]);
    for (size_t i = rows.size(); i-- > at + 1;)
      if (rows[i].type == "audit.checkpoint") rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(i));
    rechain(rows, at + 1);
    intruder.replace(rows);
    return "rechain-unsigned";
  }
  std::string sign_with_another_key(Intruder& intruder) {
    const auto spool_id = parse(rows_[0].body)["data"]["spool"].get<std::string>();
    const NoteSigner signer(checkpoint_key_name(spool_id), Ed25519Key::generate());
    std::vector<StoredRow> rows = rows_;
    const size_t at = any_row();
    edit(rows[at]);
    for (size_t i = at + 1; i < rows.size(); ++i) {
      rechain(rows, i);
      if (rows[i].type != "audit.checkpoint") continue;
      auto json = nlohmann::ordered_json::parse(rows[i].body);
      const ChainHead head{static_cast<uint64_t>(rows[i - 1].sequence), event_hash(rows[i - 1].body)};
      json["data"]["checkpoint"] = {
          {"sequence", head.sequence},
          {"hash", head.hash},
          {"note", signer.sign(to_text(Checkpoint{spool_id, head, json["time"].get<std::string>()}))}};
      rows[i].body = json.dump();
    }
    intruder.replace(rows);
    return "another-key";
  }
};

TEST_F(SpoolTamper, IsFoundWhateverIsDoneToTheRows) {
  for (uint64_t i = 0; i < mutations_; ++i) {
    restore();
    const std::string kind = mutate();
    const bool found = !verify(config_.spool, known_).findings.empty();
    count(kind, found);
    EXPECT_TRUE(found) << kind << ", mutation " << i << " of seed " << seed_;
  }
  report_count("rows");
}

class ExportTamper : public AuditTamper {
 protected:
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const StoredRow& row : rows_) all.push_back(row.body + "\n");
    return all;
  }
  std::string mutate(std::vector<std::string>& all) {
    const size_t at = any(all.size());
    const auto place = all.begin() + static_cast<std::ptrdiff_t>(at);
    switch (any(7)) {
      case 0: flip(*place); return "flip";
      case 1: all.erase(place); return "delete";
      case 2: {
        std::string copy = all[any(all.size())];
        all.insert(place, std::move(copy));
        return "insert";
      }
      case 3: std::swap(all[at], all[(at + 1 + any(all.size() - 1)) % all.size()]); return "reorder";
      case 4: all.erase(place, all.end()); return "cut-tail";
      case 5: place->resize(any(place->size())); return "cut-line";
      default: {
        std::string forged = all[at];
        forged.replace(forged.find("\"time\""), 6, "\"tIme\"");
        *place = std::move(forged);
        return "rename";
      }
    }
  }
};

TEST_F(ExportTamper, IsFoundWhateverIsDoneToTheLines) {
  const std::string path = folder_.file("export.ndjson");
  const auto check = [&](const std::vector<std::string>& all) {
    std::string text;
    for (const std::string& line : all) text += line;
    write_whole(path, text);
    const auto report = check_export(path, 1, known_);
    return report.ok() && report->findings.empty();
  };
  ASSERT_TRUE(check(lines()));
  for (uint64_t i = 0; i < mutations_; ++i) {
    std::vector<std::string> all = lines();
    const std::string kind = mutate(all);
    const bool found = !check(all);
    count(kind, found);
    EXPECT_TRUE(found) << kind << ", mutation " << i << " of seed " << seed_;
  }
  report_count("export");
}

class OctetTamper : public AuditTamper {
 protected:
  static std::string exported(const std::string& spool) {
    auto reader = SpoolReader::open(spool);
    if (!reader) return "none";
    const auto events = (*reader)->read(0, 1'000'000);
    if (!events) return "none";
    std::string all;
    for (const StoredEvent& event : *events) all += event.body + "\n";
    return all;
  }
};

TEST_F(OctetTamper, IsFoundOrLeavesEveryEventAsItWas) {
  const std::string before = exported(config_.spool);
  for (uint64_t i = 0; i < mutations_; ++i) {
    for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(config_.spool + part);
    std::string octets = pristine_;
    flip(octets);
    write_whole(config_.spool, octets);
    const bool found = !verify(config_.spool, known_).findings.empty();
    count(found ? "found" : "without effect", true);
    EXPECT_TRUE(found || exported(config_.spool) == before) << "mutation " << i << " of seed " << seed_;
  }
  report_count("octets");
}

}  // namespace
}  // namespace sluice
