// Mutations of an export, and of the octets of the database: the verifier finds every one that has an effect.
#include "audit_tamper_fixture.h"

namespace sluice {
namespace {

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
