// What the tests of mutations share: a spool of two runs, a way back to it, and the counting. A few hundred
// mutations of each kind of thing, from a fixed seed; SLUICE_TAMPER_MUTATIONS and SLUICE_TAMPER_SEED ask for
// more and others.
#pragma once

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "audit_verify_fixture.h"

namespace sluice {

inline uint64_t setting(const char* name, uint64_t otherwise) {
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

}  // namespace sluice
