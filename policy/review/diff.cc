#include "policy/review/diff.h"

#include <algorithm>
#include <tuple>

#include "policy/compiler.h"
#include "policy/review/diff_cell.h"

namespace sluice {
namespace {

int rank(Direction direction) {
  switch (direction) {
    case Direction::kWidened: return 0;
    case Direction::kUnknown: return 1;
    case Direction::kNarrowed: return 2;
  }
  return 3;
}

bool is_before(const DiffChange& a, const DiffChange& b) {
  const auto key = [](const DiffChange& change) {
    return std::tie(change.client, change.operation, change.rules_before, change.rules_after, change.why);
  };
  const int left = rank(a.direction), right = rank(b.direction);
  if (left != right) return left < right;
  return key(a) != key(b) ? key(a) < key(b) : marks_of(a) < marks_of(b);
}

bool is_same_line(const DiffChange& a, const DiffChange& b) { return !is_before(a, b) && !is_before(b, a); }

// A request that fits several operations shows nothing new when the same is gained or lost on one of them
// alone.
bool is_told(const DiffChange& change, const std::vector<std::string>& operations,
             const std::vector<DiffChange>& told) {
  return std::any_of(told.begin(), told.end(), [&change, &operations](const DiffChange& other) {
    return other.client == change.client && other.direction == change.direction &&
           marks_of(other) == marks_of(change) &&
           std::find(operations.begin(), operations.end(), other.operation) != operations.end();
  });
}

}  // namespace

size_t DiffReport::count(Direction direction) const {
  return static_cast<size_t>(
      std::count_if(changes.begin(), changes.end(),
                    [direction](const DiffChange& change) { return change.direction == direction; }));
}

DiffReport diff_policies(const Engine& before, const Engine& after, const Config& config,
                         uint64_t most_requests, const DiffProgress& progress) {
  const std::vector<DiffPlace> places = find_places(before);
  CellDiff cells(before, after, config, most_requests);
  DiffReport report;
  uint64_t done = 0;
  for (const bool several : {false, true}) {
    for (const DiffPlace& place : places) {
      if ((place.slots.size() > 1) != several) continue;
      std::vector<std::string> operations;
      for (size_t slot : place.slots) operations.push_back(before.compiled().vocabulary.slots[slot].id);
      for (size_t client = 0; client < config.clients.size(); ++client) {
        std::vector<DiffChange> changes;
        cells.run(place, client, changes);
        for (DiffChange& change : changes) {
          if (several && is_told(change, operations, report.changes)) continue;
          report.changes.push_back(std::move(change));
        }
        if (progress) progress(++done, places.size() * config.clients.size());
      }
    }
  }
  std::stable_sort(report.changes.begin(), report.changes.end(), is_before);
  report.changes.erase(std::unique(report.changes.begin(), report.changes.end(), is_same_line),
                       report.changes.end());
  return report;
}

std::vector<std::string> marks_of(const DiffChange& change) {
  std::vector<std::string> marks;
  for (const char* tag : {"credential-read", "credential-write", "destructive", "irreversible"}) {
    if (std::find(change.tags.begin(), change.tags.end(), tag) != change.tags.end()) marks.emplace_back(tag);
  }
  return marks;
}

std::string_view to_text(Direction direction) {
  switch (direction) {
    case Direction::kWidened: return "widened";
    case Direction::kNarrowed: return "narrowed";
    case Direction::kUnknown: return "unknown";
  }
  return "";
}

}  // namespace sluice
