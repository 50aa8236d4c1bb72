// diff: what a policy change changes: which client gains or loses what on which operation, each with an
// example request that the gate's own engine has decided under both policies (interface sections 1 and 3).
//
//   diff_places    where: the sets of operations that one request can fit
//   diff_asked     dimensions: what the rules of both policies ask of a client's requests there
//   diff_witnesses witnesses: a value for every combination of answers (diff_texts, diff_body, diff_instants)
//   diff_cell      enumerate: every combination of witnesses, decided by both engines
//   diff           changes: one line for what a reader takes for one
//
// Exact as far as the witnesses are complete; where they may not be, there is a change of direction unknown.
// Gains and losses count: a request that one policy denies and the other refuses gets nothing from either.
// Pure; any thread; off the request path.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/engine.h"
#include "policy/review/review_request.h"

namespace sluice {

enum class Direction : uint8_t { kWidened, kNarrowed, kUnknown };

struct DiffExample {
  ReviewRequest request;
  std::string path;  // with the API's prefix
  bool source_matters = false, time_matters = false;
};

struct DiffChange {
  std::string client, operation;
  Direction direction = Direction::kUnknown;
  Outcome before = Outcome::kDeny, after = Outcome::kDeny;
  std::vector<std::string> rules_before, rules_after;
  std::vector<std::string> tags;  // of the example
  bool has_example = false;       // else, of kUnknown: nothing is known of a request
  DiffExample example;
  std::string why;  // of kUnknown
};

struct DiffReport {
  std::vector<DiffChange>
      changes;  // widened first, then unknown, then narrowed; else by client and operation
  size_t count(Direction direction) const;
};

// Told of each step: so many of all of them are done.
using DiffProgress = std::function<void(uint64_t done, uint64_t all)>;

// Requires: both were compiled for `config` and the same catalogues. Tries about `most_requests` at most, for
// those who cannot wait (30 us each on a usual machine): what was left untried is reported as unknown.
DiffReport diff_policies(const Engine& before, const Engine& after, const Config& config,
                         uint64_t most_requests = UINT64_MAX, const DiffProgress& progress = {});

// Those of its tags that a reviewer has to see: credentials, and what cannot be undone. Changes that differ
// in them are told apart.
std::vector<std::string> marks_of(const DiffChange& change);
std::string_view to_text(Direction direction);  // widened, narrowed, unknown
std::string to_json(const DiffReport& report);
std::string to_text(const DiffReport& report);
std::string to_markdown(const DiffReport& report);

}  // namespace sluice
