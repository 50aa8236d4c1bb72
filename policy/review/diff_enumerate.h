// diff_enumerate: every combination of the witnesses of some dimensions as a request, decided by both
// policies, and of what differs the changes worth telling. Owner: the cell that is looked at; its thread.
#pragma once

#include <utility>
#include <vector>

#include "policy/review/diff_judge.h"
#include "policy/review/diff_places.h"
#include "policy/review/diff_witnesses.h"

namespace sluice {

class Enumeration {
 public:
  Enumeration(const Config& config, const DiffPlace& place, size_t client,
              const std::vector<Dimension>& dimensions);

  // Stops after `most` requests.
  void run(DiffJudge& judge, size_t most);
  // Without the names of client and operation. Once.
  std::vector<DiffChange> take();

 private:
  struct Found {
    DiffChange change;
    std::pair<size_t, size_t> cost;  // of the example

    // Whether the rules of `other` are among these, before and after: then it tells as much in fewer words.
    bool is_told_by(const DiffChange& other) const;
  };

  bool advance();
  // False when no request of this API can be so.
  bool build();
  bool apply(const Dimension& dimension, const Witness& witness);
  bool route_by(const std::vector<std::string>& hosts);
  void keep(const DiffJudge& judge);

  const Config& config_;
  const DiffPlace& place_;
  const size_t client_;
  const std::vector<Dimension>& dimensions_;
  std::vector<size_t> at_;  // of each dimension, the witness
  DiffExample example_;
  size_t fields_ = 0;
  bool by_host_ = false;  // the Host names the API, not a prefix
  std::vector<Found> found_;
};

}  // namespace sluice
