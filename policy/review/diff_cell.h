// diff_cell: one client in one place: every combination of the witnesses, decided by both policies. Owner:
// one diff; its thread. Fails: a combination that was not tried is reported as unknown, with the reason.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/review/diff.h"
#include "policy/review/diff_asked.h"
#include "policy/review/diff_witnesses.h"

namespace sluice {

class CellDiff {
 public:
  CellDiff(const Engine& before, const Engine& after, const Config& config, uint64_t most_requests);

  // Appends the changes: never two with the same client, operation, direction and rules.
  void run(const DiffPlace& place, size_t client, std::vector<DiffChange>& changes);

 private:
  // Whether the same rules decide.
  bool same(const Standing& before, const Standing& after) const;
  // What the cell's outcome depends on but the client's name.
  std::string key_of(size_t client, const Standing& before, const Standing& after) const;
  void enumerate(const DiffPlace& place, size_t client, const Asked& asked, size_t rules,
                 std::vector<DiffChange>& changes);
  // Takes what trying so many requests by so many rules costs off what is left.
  void spend(uint64_t requests, size_t rules);
  // The same changes for another client; judged anew.
  void repeat(const std::vector<DiffChange>& known, size_t client, std::vector<DiffChange>& changes) const;

  const Engine& before_;
  const Engine& after_;
  const Config& config_;
  std::vector<std::string> before_prints_, after_prints_;  // by rule
  WitnessFinder witnesses_;
  uint64_t left_;  // requests that may yet be tried
  std::map<std::string, std::vector<DiffChange>> known_;
  std::vector<size_t> known_slots_;  // of the place that known_ is about
};

}  // namespace sluice
